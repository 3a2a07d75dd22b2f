/* Thunks for x86-64; see thunk.h. They change r11, which belongs to nobody during a call, and the flags. */
#if defined(__x86_64__)

#define SLOTS 16384
#define SLOT_SIZE 64
#define ENTER 8 /* offsets in a slot */
#define LEAVE 16

    .text
    .globl sb_thunks
    .hidden sb_thunks
    .hidden sb_slots
    .p2align 4
    .type sb_thunks, @function
sb_thunks:
    .set i, 0
    .rept SLOTS
    .p2align 4
    endbr64
    leaq sb_slots + i * SLOT_SIZE(%rip), %r11
    jmp common
    .set i, i + 1
    .endr
    .size sb_thunks, . - sb_thunks

.macro put register
    pushq \register
    .cfi_adjust_cfa_offset 8
.endm

.macro take register
    popq \register
    .cfi_adjust_cfa_offset -8
.endm

.macro take_arguments /* all but rax */
    take %r11
    take %r10
    take %r9
    take %r8
    take %rcx
    take %rdx
    take %rsi
    take %rdi
.endm

    .p2align 4
    .type common, @function
common: /* the stack is aligned after nine pushes and the return address */
    .cfi_startproc
    put %rax /* how many vector registers hold variadic arguments */
    put %rdi
    put %rsi
    put %rdx
    put %rcx
    put %r8
    put %r9
    put %r10
    put %r11
    movq %r11, %rdi
    call *ENTER(%r11)
    testl %eax, %eax
    js refused
    jne through
    take_arguments
    take %rax
    jmp *(%r11)
refused:
    .cfi_adjust_cfa_offset 72
    addq $72, %rsp
    .cfi_adjust_cfa_offset -72
    xorl %eax, %eax
    ret
through: /* the slot in r11 stays on the stack, which that aligns; then the result does */
    .cfi_adjust_cfa_offset 72
    take_arguments
    movq %r11, (%rsp)
    call *(%r11)
    movq (%rsp), %rdi
    movq %rax, (%rsp)
    call *LEAVE(%rdi)
    take %rax
    ret
    .cfi_endproc
    .size common, . - common

    .section .note.gnu.property, "a"
    .p2align 3
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000002, 4, 3, 0
#endif
    .section .note.GNU-stack, "", %progbits

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

    .p2align 4
    .type common, @function
common: /* the stack is aligned after nine pushes and the return address */
    .cfi_startproc
    pushq %rax /* how many vector registers hold variadic arguments */
    .cfi_adjust_cfa_offset 8
    pushq %rdi
    .cfi_adjust_cfa_offset 8
    pushq %rsi
    .cfi_adjust_cfa_offset 8
    pushq %rdx
    .cfi_adjust_cfa_offset 8
    pushq %rcx
    .cfi_adjust_cfa_offset 8
    pushq %r8
    .cfi_adjust_cfa_offset 8
    pushq %r9
    .cfi_adjust_cfa_offset 8
    pushq %r10
    .cfi_adjust_cfa_offset 8
    pushq %r11
    .cfi_adjust_cfa_offset 8
    movq %r11, %rdi
    call *ENTER(%r11)
    testl %eax, %eax
    js refused
    jne through
    popq %r11
    .cfi_adjust_cfa_offset -8
    popq %r10
    .cfi_adjust_cfa_offset -8
    popq %r9
    .cfi_adjust_cfa_offset -8
    popq %r8
    .cfi_adjust_cfa_offset -8
    popq %rcx
    .cfi_adjust_cfa_offset -8
    popq %rdx
    .cfi_adjust_cfa_offset -8
    popq %rsi
    .cfi_adjust_cfa_offset -8
    popq %rdi
    .cfi_adjust_cfa_offset -8
    popq %rax
    .cfi_adjust_cfa_offset -8
    jmp *(%r11)
refused:
    .cfi_adjust_cfa_offset 72
    addq $72, %rsp
    .cfi_adjust_cfa_offset -72
    xorl %eax, %eax
    ret
through: /* the slot in r11 stays on the stack, which that aligns; then the result does */
    .cfi_adjust_cfa_offset 72
    popq %r11
    .cfi_adjust_cfa_offset -8
    popq %r10
    .cfi_adjust_cfa_offset -8
    popq %r9
    .cfi_adjust_cfa_offset -8
    popq %r8
    .cfi_adjust_cfa_offset -8
    popq %rcx
    .cfi_adjust_cfa_offset -8
    popq %rdx
    .cfi_adjust_cfa_offset -8
    popq %rsi
    .cfi_adjust_cfa_offset -8
    popq %rdi
    .cfi_adjust_cfa_offset -8
    movq %r11, (%rsp)
    call *(%r11)
    movq (%rsp), %rdi
    movq %rax, (%rsp)
    call *LEAVE(%rdi)
    popq %rax
    .cfi_adjust_cfa_offset -8
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

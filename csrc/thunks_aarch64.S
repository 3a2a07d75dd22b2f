/* Thunks for aarch64; see thunk.h. They change x16 and x17, which belong to nobody during a call. */
#if defined(__aarch64__)

#define SLOTS 16384
#define SLOT_SIZE 64
#define ENTER 8 /* offsets in a slot */
#define LEAVE 16

    .text
    .globl sb_thunks
    .hidden sb_thunks
    .hidden sb_slots
    .p2align 4
    .type sb_thunks, %function
sb_thunks:
    .set i, 0
    .rept SLOTS
    .p2align 4
    hint #34 /* bti c */
    adrp x17, sb_slots + i * SLOT_SIZE
    add x17, x17, :lo12:(sb_slots + i * SLOT_SIZE)
    b common
    .set i, i + 1
    .endr
    .size sb_thunks, . - sb_thunks

    .p2align 4
    .type common, %function
common:
    .cfi_startproc
    hint #25 /* paciasp */
    .cfi_negate_ra_state
    stp x29, x30, [sp, #-96]!
    .cfi_def_cfa_offset 96
    .cfi_offset 29, -96
    .cfi_offset 30, -88
    mov x29, sp
    stp x0, x1, [sp, #16]
    stp x2, x3, [sp, #32]
    stp x4, x5, [sp, #48]
    stp x6, x7, [sp, #64]
    stp x8, x17, [sp, #80]
    mov x0, x17
    ldr x16, [x17, #ENTER]
    blr x16
    mov w16, w0
    ldp x8, x17, [sp, #80]
    ldp x6, x7, [sp, #64]
    ldp x4, x5, [sp, #48]
    ldp x2, x3, [sp, #32]
    ldp x0, x1, [sp, #16]
    ldp x29, x30, [sp], #96
    .cfi_restore 30
    .cfi_restore 29
    .cfi_def_cfa_offset 0
    hint #29 /* autiasp */
    .cfi_negate_ra_state
    cbnz w16, not_passed
    ldr x16, [x17]
    br x16
not_passed:
    tbz w16, #31, through
    mov x0, xzr
    ret
through:
    hint #25 /* paciasp */
    .cfi_negate_ra_state
    stp x29, x30, [sp, #-32]!
    .cfi_def_cfa_offset 32
    .cfi_offset 29, -32
    .cfi_offset 30, -24
    mov x29, sp
    str x17, [sp, #16]
    ldr x16, [x17]
    blr x16
    ldr x17, [sp, #16]
    str x0, [sp, #16]
    mov x0, x17
    ldr x16, [x17, #LEAVE]
    blr x16
    ldr x0, [sp, #16]
    ldp x29, x30, [sp], #32
    .cfi_restore 30
    .cfi_restore 29
    .cfi_def_cfa_offset 0
    hint #29 /* autiasp */
    .cfi_negate_ra_state
    ret
    .cfi_endproc
    .size common, . - common
#endif
    .section .note.GNU-stack, "", %progbits

/* From a boot loader of the Multiboot specification (version 1; 32 bits, no paging) to bare_main()
 * in 64 bits, with the first GiB mapped as it lies and with all vector and tile registers on. What
 * goes wrong later prints its number and where it was (bare.c's fault()). */
    .section .note.GNU-stack, "", @progbits
    .section .multiboot, "a"
    .align 4
    .long 0x1BADB002, 3, -(0x1BADB002 + 3)

    .text
    .code32
    .globl start
start:
    mov $stack_top, %esp
    mov $pages_512g, %eax
    or $3, %eax             /* present, writable */
    mov %eax, pages
    mov $pages_1g, %eax
    or $3, %eax
    mov %eax, pages_512g
    mov $0x83, %eax         /* and of 2 MiB */
    mov $pages_1g, %edi
    mov $512, %ecx
1:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 1b
    mov $pages, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $0x40620, %eax       /* PAE, OSFXSR, OSXMMEXCPT, OSXSAVE */
    mov %eax, %cr4
    mov $0xC0000080, %ecx   /* EFER: long mode */
    rdmsr
    or $0x100, %eax
    wrmsr
    mov %cr0, %eax
    or $0x80000002, %eax    /* paging, MP */
    and $0xfffffffb, %eax   /* not EM */
    mov %eax, %cr0
    lgdt segments_at
    ljmp $8, $start64

    .code64
start64:
    xor %eax, %eax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    xor %ecx, %ecx
    xor %edx, %edx
    mov $0x600e7, %eax      /* x87, SSE, AVX, AVX-512's three, tile shapes and tiles */
    xsetbv
    lidt gates_at
    call bare_main
2:  hlt
    jmp 2b

    /* 32 exceptions, 16 bytes each. */
    .align 16
    .globl exceptions
exceptions:
    .set i, 0
    .rept 32
    .align 16
    mov $i, %rdi
    jmp 3f
    .set i, i + 1
    .endr
3:  mov (%rsp), %rsi        /* an error code or the place, and what follows */
    mov 8(%rsp), %rdx
    and $-64, %rsp
    call fault

    .data
    .align 8
    .globl gates
gates:
    .skip 512
gates_at:
    .word 511
    .quad gates
segments:
    .quad 0, 0x00209A0000000000
segments_at:
    .word 15
    .long segments, 0

    .bss
    .align 4096
pages:
    .skip 4096
pages_512g:
    .skip 4096
pages_1g:
    .skip 4096
    .skip 1 << 20
    .align 64
stack_top:

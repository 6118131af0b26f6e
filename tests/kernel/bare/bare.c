/* The kernels of amx with the real tile registers beside those with registers in plain C, bit for
 * bit, on a PC without an operating system: tools/check_amx boots it. No emulator has yet what
 * Linux asks for before it turns these registers on (the feature XFD). Results go to the serial
 * port. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/amx.h"

enum { SERIAL = 0x3f8, ROUNDS = 40, MOST_TILES = 6, MOST = 1 << 17, MOST_OUT = 200 };

extern unsigned char exceptions[];
extern uint64_t gates[];
void bare_main(void);
void fault(uint64_t exception, uint64_t a, uint64_t b);

/* ---- what a C library would have ------------------------------------------------------------- */

void *memcpy(void *to, const void *from, size_t n)
{
    unsigned char *a = to;
    const unsigned char *b = from;
    for (size_t i = 0; i < n; i++)
        a[i] = b[i];
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    unsigned char *a = to;
    for (size_t i = 0; i < n; i++)
        a[i] = (unsigned char)byte;
    return to;
}

static void put_port(uint16_t port, uint8_t byte)
{
    __asm__ volatile("outb %0, %1" ::"a"(byte), "Nd"(port));
}

static uint8_t get_port(uint16_t port)
{
    uint8_t byte;
    __asm__ volatile("inb %1, %0" : "=a"(byte) : "Nd"(port));
    return byte;
}

/* 115,200 baud, 8 bits, no interrupts. */
static void start_serial(void)
{
    put_port(SERIAL + 1, 0);
    put_port(SERIAL + 3, 0x80);
    put_port(SERIAL, 1);
    put_port(SERIAL + 1, 0);
    put_port(SERIAL + 3, 3);
}

static void put_text(const char *text)
{
    for (; *text != '\0'; text++) {
        while (!(get_port(SERIAL + 5) & 0x20))
            ;
        put_port(SERIAL, (uint8_t)*text);
    }
}

static void put_number(uint64_t n)
{
    char digits[24] = "";
    int i = sizeof digits - 1;
    do
        digits[--i] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    put_text(digits + i);
}

static void put_named(const char *name, size_t n)
{
    put_text(name);
    put_number(n);
}

void fault(uint64_t exception, uint64_t a, uint64_t b)
{
    put_named("exception ", exception);
    put_named(" with ", a);
    put_named(" ", b);
    put_text("\nbare ended\n");
    for (;;)
        __asm__ volatile("hlt");
}

/* Each a gate of 64 bits, to segment 8. */
static void set_gates(void)
{
    for (size_t i = 0; i < 32; i++) {
        const uint64_t at = (uint64_t)exceptions + 16 * i;
        gates[2 * i] = (at & 0xffff) | 8 << 16 | 0x8e00ull << 32 | (at >> 16 & 0xffff) << 48;
        gates[2 * i + 1] = at >> 32;
    }
}

/* ---- cases ----------------------------------------------------------------------------------- */

static uint64_t state = 1;

/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t next_random(void)
{
    uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static int between(int low, int high)
{
    return low + (int)(next_random() % (uint64_t)(high - low + 1));
}

static _Alignas(64) float x[MOST], w[MOST], mask[MOST], bias[MOST_OUT], y[2][MOST],
    moments[2][MOST];
static size_t compared, differ;

static void fill(float *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        numbers[i] = (float)((double)(next_random() >> 11) * 0x1p-52 - 1);
}

/* What no kernel wrote is 0 in both. */
static void compare(const char *slot)
{
    size_t here = 0;
    for (size_t i = 0; i < MOST; i++) {
        here += __builtin_memcmp(&y[0][i], &y[1][i], sizeof(float)) != 0;
        compared += y[0][i] != 0 || y[1][i] != 0;
    }
    differ += here;
    if (here > 0)
        put_named(slot, here), put_text(" numbers differ\n");
    memset(y, 0, sizeof y);
}

static void one_round(const hem__kernels_f32 *const kernels[2])
{
    hem__dense_run run = {.n_in = between(1, between(0, 2) ? 70 : 600),
                          .n_out = between(1, MOST_OUT),
                          .n_tiles = between(1, MOST_TILES)};
    run.ld_w = ((size_t)run.n_in + HEM__ALIGN - 1) / HEM__ALIGN * HEM__ALIGN;
    run.in_tile = (size_t)run.n_in * HEM__LANES;
    run.out_tile = (size_t)run.n_out * HEM__LANES;
    const int o0 = between(0, run.n_out - 1), o1 = between(o0 + 1, run.n_out);
    const int i0 = between(0, run.n_in - 1), i1 = between(i0 + 1, run.n_in);
    const int relu = between(0, 1);
    const hem__update update = {.rate = 0.01f, .momentum = 0.9f, .gain = 1};
    fill(x, MOST), fill(w, MOST), fill(mask, MOST), fill(bias, MOST_OUT);
    for (int k = 0; k < 2; k++)
        kernels[k]->dense(&run, x, w, bias, relu, y[k], o0, o1);
    compare("dense: ");
    for (int k = 0; k < 2; k++)
        kernels[k]->dense_igrad(&run, x, w, mask, y[k], i0, i1);
    compare("dense_igrad: ");
    for (int k = 0; k < 2; k++)
        kernels[k]->dense_wgrad(&run, x, w, run.ld_w, y[k], run.ld_w, 0, o0, o1, 0, (int)run.ld_w);
    compare("dense_wgrad: ");
    memset(moments, 0, sizeof moments); /* which are the gradient then, on either's own tier */
    for (int k = 0; k < 2; k++)
        kernels[k]->dense_update[1](&run, x, w, run.ld_w, mask, moments[k], &update, o0, o1);
    memcpy(y, moments, sizeof y);
    compare("dense_update: ");
    put_named("n_in ", (size_t)run.n_in);
    put_named(" n_out ", (size_t)run.n_out);
    put_named(" tiles ", (size_t)run.n_tiles);
    put_text("\n");
}

void bare_main(void)
{
    static hem__kernels_f32 real, emulated;
    const hem__kernels_f32 *const kernels[2] = {&real, &emulated};
    start_serial();
    set_gates();
    hem__amx_make(&real);
    hem__amx_make_emulated(&emulated);
    for (int i = 0; i < ROUNDS; i++)
        one_round(kernels);
    put_named("amx: ", differ);
    put_named(" of ", compared);
    put_text(" numbers differ from those with registers in plain C\nbare ended\n");
}

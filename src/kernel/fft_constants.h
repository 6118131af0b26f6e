/* Made by tools/fft_constants: [n][m] = cos or sin of 2 pi m / n, correctly rounded. */
/* clang-format off */
#ifndef HEM_KERNEL_FFT_CONSTANTS_H
#define HEM_KERNEL_FFT_CONSTANTS_H

#define HEM__FLOAT_COS \
    { \
        [3] = {0x1.000000p+0f, -0x1.000000p-1f, -0x1.000000p-1f}, \
        [5] = {0x1.000000p+0f, 0x1.3c6ef4p-2f, -0x1.9e377ap-1f, -0x1.9e377ap-1f, 0x1.3c6ef4p-2f}, \
        [7] = {0x1.000000p+0f, 0x1.3f3a0ep-1f, -0x1.c7b90ep-3f, -0x1.cd4bcap-1f, -0x1.cd4bcap-1f, -0x1.c7b90ep-3f, 0x1.3f3a0ep-1f}, \
        [9] = {0x1.000000p+0f, 0x1.8836fap-1f, 0x1.63a1a8p-3f, -0x1.000000p-1f, -0x1.e11f64p-1f, -0x1.e11f64p-1f, -0x1.000000p-1f, 0x1.63a1a8p-3f, 0x1.8836fap-1f}, \
    }

#define HEM__FLOAT_SIN \
    { \
        [3] = {0x0p+0f, 0x1.bb67aep-1f, -0x1.bb67aep-1f}, \
        [5] = {0x0p+0f, 0x1.e6f0e2p-1f, 0x1.2cf230p-1f, -0x1.2cf230p-1f, -0x1.e6f0e2p-1f}, \
        [7] = {0x0p+0f, 0x1.904c38p-1f, 0x1.f329c0p-1f, 0x1.bc4c04p-2f, -0x1.bc4c04p-2f, -0x1.f329c0p-1f, -0x1.904c38p-1f}, \
        [9] = {0x0p+0f, 0x1.491b76p-1f, 0x1.f838b8p-1f, 0x1.bb67aep-1f, 0x1.5e3a88p-2f, -0x1.5e3a88p-2f, -0x1.bb67aep-1f, -0x1.f838b8p-1f, -0x1.491b76p-1f}, \
    }

#define HEM__DOUBLE_COS \
    { \
        [3] = {0x1.0000000000000p+0, -0x1.0000000000000p-1, -0x1.0000000000000p-1}, \
        [5] = {0x1.0000000000000p+0, 0x1.3c6ef372fe950p-2, -0x1.9e3779b97f4a8p-1, -0x1.9e3779b97f4a8p-1, 0x1.3c6ef372fe950p-2}, \
        [7] = {0x1.0000000000000p+0, 0x1.3f3a0e28bedd1p-1, -0x1.c7b90e3024582p-3, -0x1.cd4bca9cb5c71p-1, -0x1.cd4bca9cb5c71p-1, -0x1.c7b90e3024582p-3, 0x1.3f3a0e28bedd1p-1}, \
        [9] = {0x1.0000000000000p+0, 0x1.8836fa2cf5039p-1, 0x1.63a1a7e0b738ap-3, -0x1.0000000000000p-1, -0x1.e11f642522d1cp-1, -0x1.e11f642522d1cp-1, -0x1.0000000000000p-1, 0x1.63a1a7e0b738ap-3, 0x1.8836fa2cf5039p-1}, \
    }

#define HEM__DOUBLE_SIN \
    { \
        [3] = {0x0p+0, 0x1.bb67ae8584caap-1, -0x1.bb67ae8584caap-1}, \
        [5] = {0x0p+0, 0x1.e6f0e134454ffp-1, 0x1.2cf2304755a5ep-1, -0x1.2cf2304755a5ep-1, -0x1.e6f0e134454ffp-1}, \
        [7] = {0x0p+0, 0x1.904c37505de4bp-1, 0x1.f329c0558e969p-1, 0x1.bc4c04d71abc1p-2, -0x1.bc4c04d71abc1p-2, -0x1.f329c0558e969p-1, -0x1.904c37505de4bp-1}, \
        [9] = {0x0p+0, 0x1.491b7523c161dp-1, 0x1.f838b8c811c17p-1, 0x1.bb67ae8584caap-1, 0x1.5e3a8748a0bf5p-2, -0x1.5e3a8748a0bf5p-2, -0x1.bb67ae8584caap-1, -0x1.f838b8c811c17p-1, -0x1.491b7523c161dp-1}, \
    }

#endif

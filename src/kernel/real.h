/* The compute core is compiled twice: in float, with a table of kernels a CPU tier, for all work,
 * and in double, with the reference kernels alone, for the gradient check. `hem__real` is the
 * number of this compilation and HEM__R(name) its name: name_f32 or name_f64. */
#ifndef HEM_KERNEL_REAL_H
#define HEM_KERNEL_REAL_H

#ifdef HEM_REAL_IS_DOUBLE
typedef double hem__real;
#define HEM__R(name) name##_f64
#else
typedef float hem__real;
#define HEM__R(name) name##_f32
#endif

#endif

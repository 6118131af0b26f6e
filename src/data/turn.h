/* Sine, cosine and tangent of degrees: our own, for libm's differ between machines, and exact at
 * quarter turns. */
#ifndef HEM_DATA_TURN_H
#define HEM_DATA_TURN_H

/* -360 to 360 degrees; within 1e-14. */
void hem__turn(double degrees, double *sine, double *cosine);
/* Of at most 60 degrees either way. */
double hem__tangent(double degrees);

#endif

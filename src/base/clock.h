/* Wall time in seconds from a monotonic clock: for rates and progress, never for results. */
#ifndef HEM_BASE_CLOCK_H
#define HEM_BASE_CLOCK_H

double hem__now(void);

#endif

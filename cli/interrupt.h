/* Ctrl-C and SIGTERM: the first asks for a checkpoint, the second does not wait for it. */
#ifndef HEM_CLI_INTERRUPT_H
#define HEM_CLI_INTERRUPT_H

/* Number of the signal that came; 0 = none. What the library takes as `stop`. */
extern volatile int stop_signal;

void catch_signals(void);
/* The exit code of an interrupted command: 130 or 143. */
int interrupted_code(void);

#endif

/* Signals that end a run in good order. */
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

volatile int stop_signal = 0;

static void on_signal(int number)
{
    if (stop_signal != 0)
        _exit(128 + number);
    __atomic_store_n(&stop_signal, number, __ATOMIC_RELAXED); /* workers read it meanwhile */
}

void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int interrupted_code(void)
{
    return 128 + (stop_signal != 0 ? stop_signal : SIGINT);
}

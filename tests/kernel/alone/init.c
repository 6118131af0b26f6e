/* The first and only process of an emulated PC (tools/check_avx512): runs the kernel tests of one
 * tier, prints how they ended, and turns the PC off. The kernel hands over the tier and the numbers
 * of --count and --sparser as this program's arguments (and what the boot loader adds to them). */
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* With two arguments, or four. */
static void run(const char *program, const char *a, const char *b, const char *c, const char *d)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        execl(program, program, a, b, c, d, (char *)NULL);
        perror(program);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        perror("cannot run a program");
    printf("%s ended with %d\n", program, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    fflush(stdout);
    (void)tcdrain(STDOUT_FILENO); /* power off waits for no serial port */
}

int main(int argc, char **argv)
{
    if (getpid() != 1) {
        fprintf(stderr, "this is for tools/check_avx512\n");
        return 2;
    }
    /* /proc/cpuinfo has the name of the CPU; without it the name is unknown. */
    (void)mkdir("/proc", 0755);
    (void)mount("proc", "/proc", "proc", 0, NULL);
    if (argc >= 4) {
        run("/kernel_kernels", "--tier", argv[1], "--count", argv[2]);
        run("/kernel_functions", "--sparser", argv[3], NULL, NULL);
    }
    reboot(RB_POWER_OFF);
    return 1;
}

/* As test_kernels, with 10,000 random cases of every slot. */
#include "support.h"

int main(void)
{
    return test_all_slots(10000, false);
}

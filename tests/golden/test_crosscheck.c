/* 20 steps of the rows beside PyTorch; test_crosscheck_long.c takes all 200. */
#include "support_crosscheck.h"

int main(void)
{
    return crosscheck(20);
}

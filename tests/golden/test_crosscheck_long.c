/* 200 steps of the rows beside PyTorch. */
#include "support_crosscheck.h"

int main(void)
{
    return crosscheck(200);
}

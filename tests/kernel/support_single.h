/* One random case of every slot for one image alone. */
#ifndef HEM_TESTS_KERNEL_SUPPORT_SINGLE_H
#define HEM_TESTS_KERNEL_SUPPORT_SINGLE_H

#include "support.h"

void one_single_dense(test_case *c);
void one_single_conv(test_case *c);
void one_single_maxpool(test_case *c);
void one_single_avgpool(test_case *c);
void one_single_softmax(test_case *c);
void one_single_prelu(test_case *c);
void one_single_norm(test_case *c);

#endif

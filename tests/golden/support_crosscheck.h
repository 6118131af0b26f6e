/* hemline beside PyTorch over many steps: rows of experiments/ trained from the same weights on the
 * first images of Fashion-MNIST. crosscheck.py says how the golden file was made and which rules
 * both follow. */
#ifndef TESTS_GOLDEN_SUPPORT_CROSSCHECK_H
#define TESTS_GOLDEN_SUPPORT_CROSSCHECK_H

/* Trains every row for `steps` steps, at most 200, and compares. In the first 20, each loss lies
 * within 1e-4 of PyTorch's in float32, as a share of it; where PyTorch's float32 has been further
 * than a third of that from its float64, within three times that distance. With all 200, hemline is
 * no further from PyTorch in float32 than three times as far as that is from PyTorch in float64:
 * - by the losses of the last 20 steps: the root of the mean square of their relative differences
 *   (the difference of a single loss may be nil by luck);
 * - by the weights after the last step: the distance of the two weight vectors, from their sums.
 *   Where PyTorch's precisions have parted by then (their losses by more than 5 %), its float32
 *   with sums in another order counts too: the further of the two.
 * The portable tier is held to the first 20 steps alone (docs/numerics.md says why).
 * Returns the exit status of the test: 1 where a row fails, 77 where the data set is not there. */
int crosscheck(int steps);

#endif

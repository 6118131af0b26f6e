/* The epochs of a run, for those who draw or print them otherwise. */
#include "report/report.h"

hem_status hem_epochs_read(const char *directory, hem_epoch **out, size_t *n, hem_error *err)
{
    hem__record record = {0};
    *out = NULL;
    *n = 0;
    hem_status status = hem__record_read(directory, &record, err);
    if (status == HEM_OK) {
        *out = record.epochs;
        *n = record.n_epochs;
        record.epochs = NULL; /* the caller's now */
    }
    hem__record_release(&record);
    return status;
}

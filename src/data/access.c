/* Looking into an open data set, and freeing it. */
#include <stdlib.h>
#include <sys/mman.h>

#include "data/data.h"

const char *hem_part_name(hem_part part)
{
    static const char *const names[3] = {"train", "validation", "test"};
    return (unsigned)part < 3 ? names[part] : "unknown part";
}

void hem_data_free(hem_data *data)
{
    if (data == NULL)
        return;
    if (data->borrowed) {
        for (int i = 0; i < 3; i++)
            free(data->rows[i]);
        free(data);
        return;
    }
    for (int i = 0; i < 2; i++) {
        if (data->mapping[i] != NULL)
            (void)munmap(data->mapping[i], data->mapping_bytes[i]);
        else
            free(data->files[i].pixels);
        free(data->files[i].labels);
    }
    free(data->files[2].pixels);
    free(data->files[2].labels);
    for (int i = 0; i < 3; i++)
        free(data->rows[i]);
    for (int i = 0; data->class_names != NULL && i < data->info.n_classes; i++)
        free(data->class_names[i]);
    free(data->class_names);
    free(data->name);
    free(data->source);
    free(data);
}

hem_data_info hem_data_get_info(const hem_data *data)
{
    return data->info;
}

static bool is_there(const hem_data *data, hem_part part, size_t index)
{
    return (unsigned)part < 3 && index < data->info.n[part];
}

const uint8_t *hem_data_image(const hem_data *data, hem_part part, size_t index)
{
    if (!is_there(data, part, index))
        return NULL;
    return data->files[hem__data_file(data, part)].pixels +
           data->rows[part][index] * data->image_bytes;
}

int hem_data_label(const hem_data *data, hem_part part, size_t index)
{
    if (!is_there(data, part, index))
        return -1;
    return data->files[hem__data_file(data, part)].labels[data->rows[part][index]];
}

size_t hem_data_row(const hem_data *data, hem_part part, size_t index)
{
    return is_there(data, part, index) ? data->rows[part][index] : 0;
}

/* The unpacked copy of a known data set. */
#include "data/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "data/note.h"

/* Maps a regular file of exactly this size; NULL otherwise. Other programs replace the file by
 * renaming, never by writing into it, so the mapping stays whole. */
static void *map_file(const char *path, size_t bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hang it */
    if (fd < 0)
        return NULL;
    struct stat info;
    void *mapping = MAP_FAILED;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == (off_t)bytes)
        mapping = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd); /* only read */
    return mapping == MAP_FAILED ? NULL : mapping;
}

/* Maps and checks one file. The content is the known one to the bit, so its header is sound. */
static bool open_file(const char *path, const hem__known_file *file, hem__idx_kind kind,
                      hem__idx *out)
{
    void *mapping = map_file(path, file->bytes);
    if (mapping == NULL)
        return false;
    if (hem__xxh3(mapping, file->bytes) != file->xxh3 ||
        hem__idx_header(mapping, file->bytes, path, kind, out, NULL) != HEM_OK) {
        (void)munmap(mapping, file->bytes);
        return false;
    }
    out->content = (uint8_t *)mapping + out->header_bytes;
    out->mapping = mapping;
    out->mapping_bytes = file->bytes;
    return true;
}

bool hem__cache_open(const char *directory, const hem__known *known,
                     const hem_data_options *options, hem__set *set)
{
    *set = (hem__set){0};
    for (int i = 0; i < HEM__N_FILES; i++) {
        hem__idx_kind kind = i % 2 == 0 ? HEM__IDX_IMAGES : HEM__IDX_LABELS;
        char *path = set->paths[i] = hem__path_join(directory, hem__known_filename(i));
        bool there = path != NULL && access(path, F_OK) == 0;
        if (there && open_file(path, &known->files[i], kind, &set->files[i])) {
            memcpy(set->sha256[i], known->files[i].sha256, sizeof set->sha256[i]);
            continue;
        }
        if (there)
            hem__note(options, HEM_LOG_WARNING,
                      "the unpacked copy '%s' is damaged; it is not used and will be made again",
                      path);
        hem__set_release(set);
        return false;
    }
    return true;
}

static hem_status store(const char *directory, const hem__known *known, const hem__set *set,
                        hem_error *err)
{
    HEM_TRY(hem__make_directories(directory, err));
    size_t needed = 1 << 20; /* some room for the file system's own */
    for (int i = 0; i < HEM__N_FILES; i++)
        needed += known->files[i].bytes;
    unsigned long long free_bytes;
    HEM_TRY(hem__free_space(directory, &free_bytes, err));
    if (free_bytes < needed)
        return hem__fail(err, HEM_ERR_IO, "%zu bytes are needed, %llu are free", needed,
                         free_bytes);
    for (int i = 0; i < HEM__N_FILES; i++) {
        char *path = hem__path_join(directory, hem__known_filename(i));
        if (path == NULL)
            return hem__fail_memory(err, "a path", strlen(directory));
        const hem__idx *idx = &set->files[i];
        hem__piece pieces[2] = {{idx->header, idx->header_bytes}, {idx->content, idx->bytes}};
        hem_status status = hem__file_write_pieces(path, pieces, 2, err);
        free(path);
        HEM_TRY(status);
    }
    return HEM_OK;
}

void hem__cache_store(const char *directory, const hem__known *known,
                      const hem_data_options *options, const hem__set *set)
{
    hem_error error;
    if (store(directory, known, set, &error) == HEM_OK) {
        hem__note(options, HEM_LOG_NOTE, "kept an unpacked copy of %s in '%s'", known->title,
                  directory);
        return;
    }
    char why[1024];
    hem_error_format(&error, why, sizeof why);
    hem__note(options, HEM_LOG_NOTE,
              "cannot keep an unpacked copy in '%s', so every start unpacks again: %s", directory,
              why);
}

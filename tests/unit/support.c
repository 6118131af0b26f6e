#include "unit/support.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

void support_folder(char out[64])
{
    snprintf(out, 64, "unit-XXXXXX");
    assert_non_null(mkdtemp(out));
}

void support_remove(const char *folder)
{
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        char path[4096];
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        assert_int_equal(lstat(path, &info), 0);
        if (S_ISDIR(info.st_mode))
            support_remove(path);
        else
            assert_int_equal(unlink(path), 0);
    }
    closedir(entries);
    assert_int_equal(rmdir(folder), 0);
}

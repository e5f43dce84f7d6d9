#include "tests/unit/images_home.h"

#include "agents/images/internal.h"

#include <CUnit/CUnit.h>

char *images_home_new(void)
{
    char *home = g_dir_make_tmp("parry-images-XXXXXX", NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(home);
    return home;
}

void images_home_free(char *home)
{
    CU_ASSERT_TRUE(images_tree_remove(home));
    g_free(home);
}

char *images_home_file(const char *dir, const char *name, const char *text)
{
    char *path = g_build_filename(dir, name, NULL);

    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, text, -1, NULL));
    return path;
}

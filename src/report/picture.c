/* Pictures: what is done with a finished canvas. */
#include "report/picture.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/module.h"
#include "data/images.h"
#include "report/cairo.h"
#include "report/chafa.h"

hem_status hem__picture_of(hem__canvas *canvas, hem_picture **out, hem_error *err)
{
    *out = NULL;
    hem_picture *picture = hem__calloc(1, sizeof *picture);
    if (canvas == NULL || canvas->failed || picture == NULL) {
        hem__canvas_free(canvas);
        free(picture);
        return hem__fail_memory(err, "a picture", 0);
    }
    picture->canvas = canvas;
    *out = picture;
    return HEM_OK;
}

void hem_picture_free(hem_picture *picture)
{
    if (picture == NULL)
        return;
    hem__canvas_free(picture->canvas);
    free(picture);
}

const char *hem_picture_title(const hem_picture *picture)
{
    return picture->canvas->title;
}

const char *hem_picture_description(const hem_picture *picture)
{
    return picture->canvas->description;
}

hem_status hem_picture_check_name(const char *path, hem_error *err)
{
    return hem__canvas_check_name(path, err);
}

hem_status hem_picture_write(const hem_picture *picture, const char *path, hem_error *err)
{
    return hem__canvas_write(picture->canvas, path, 2, err);
}

/* ---- terminals ------------------------------------------------------------------------------- */

static bool take_bytes(void *user, const void *bytes, size_t n)
{
    hem__str_add_bytes(user, bytes, n);
    return !((hem__str *)user)->failed;
}

static void take_text(void *user, const char *text, size_t n)
{
    hem__str_add_bytes(user, text, n);
}

/* The canvas as pixels: through a PNG file in memory. */
static hem_status render(const hem__canvas *canvas, hem_images *out, hem_error *err)
{
    const void *symbol;
    char why[256] = "";
    uint32_t colours[HEM__N_ROLES];
    hem__str png = {0};
    HEM_TRY(hem__module_open("cairo", HEM__CAIRO_SYMBOL, sizeof(hem__cairo_module), &symbol, err));
    const hem__cairo_module *module = symbol;
    for (int role = 0; role < HEM__N_ROLES; role++)
        colours[role] = hem__role_rgb((hem__role)role, false);
    hem_status status = HEM_OK;
    if (!module->write(canvas, colours, false, 1, take_bytes, &png, why, sizeof why))
        status = hem__fail(err, HEM_ERR_IO, "cannot draw the picture: %s", why);
    else
        status = hem__images_parse((const uint8_t *)png.text, png.length, "the picture", out, err);
    hem__str_release(&png);
    return status;
}

hem_status hem_picture_terminal(const hem_picture *picture, const hem_terminal *terminal,
                                char **out, hem_error *err)
{
    const void *symbol;
    hem_images images;
    hem__str text = {0};
    *out = NULL;
    HEM_TRY(hem__module_open("chafa", HEM__CHAFA_SYMBOL, sizeof(hem__chafa_module), &symbol, err));
    const hem__chafa_module *module = symbol;
    HEM_TRY(render(picture->canvas, &images, err));
    bool drawn =
        module->draw(images.pixels, images.width, images.height, terminal, take_text, &text);
    hem_images_release(&images);
    if (!drawn || text.failed) {
        hem__str_release(&text);
        return hem__fail_memory(err, "a picture", 0);
    }
    *out = text.length > 0 ? hem__str_take(&text) : NULL;
    return HEM_OK;
}

/* A canvas as a file: SVG here, PDF and PNG through the module "cairo". */
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/module.h"
#include "report/cairo.h"
#include "report/canvas.h"

static const char *ending(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash != NULL ? slash : path, '.');
    return dot != NULL ? dot : "";
}

hem_status hem__canvas_check_name(const char *path, hem_error *err)
{
    const char *end = ending(path);
    if (strcasecmp(end, ".svg") == 0 || strcasecmp(end, ".pdf") == 0 ||
        strcasecmp(end, ".png") == 0)
        return HEM_OK;
    hem__fail(err, HEM_ERR_USAGE, "cannot write '%s': a picture's name ends in .png, .svg or .pdf",
              path);
    return hem__hint(err, "the ending says what kind of file is written");
}

static bool take(void *user, const void *bytes, size_t n)
{
    hem__str *out = user;
    hem__str_add_bytes(out, bytes, n);
    return !out->failed;
}

static hem_status draw(const hem__canvas *canvas, bool pdf, double scale, hem__str *out,
                       hem_error *err)
{
    const void *symbol;
    char why[256] = "";
    uint32_t colours[HEM__N_ROLES];
    HEM_TRY(hem__module_open("cairo", HEM__CAIRO_SYMBOL, sizeof(hem__cairo_module), &symbol, err));
    const hem__cairo_module *module = symbol;
    for (int role = 0; role < HEM__N_ROLES; role++)
        colours[role] = hem__role_rgb((hem__role)role, false);
    if (module->write(canvas, colours, pdf, scale > 0 ? scale : 2, take, out, why, sizeof why))
        return HEM_OK;
    if (out->failed)
        return HEM_OK; /* the caller sees it */
    return hem__fail(err, HEM_ERR_IO, "cannot draw the picture: %s", why);
}

hem_status hem__canvas_write(const hem__canvas *canvas, const char *path, double scale,
                             hem_error *err)
{
    hem__str out = {0};
    HEM_TRY(hem__canvas_check_name(path, err));
    hem_status status = HEM_OK;
    if (strcasecmp(ending(path), ".svg") == 0)
        hem__canvas_svg(canvas, HEM__SVG_LIGHT, &out);
    else if (!canvas->failed)
        status = draw(canvas, strcasecmp(ending(path), ".pdf") == 0, scale, &out, err);
    if (status == HEM_OK && (out.failed || canvas->failed))
        status = hem__fail_memory(err, "a picture", 0);
    if (status == HEM_OK)
        status = hem__file_write(path, out.text, out.length, err);
    hem__str_release(&out);
    return status;
}

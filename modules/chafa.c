/* The loadable module "chafa": pixels in a terminal, by libchafa. */
#include "report/chafa.h"

#include <chafa.h>

static ChafaPixelMode pixel_mode(const ChafaTermInfo *info)
{
    if (chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_BEGIN_KITTY_IMMEDIATE_IMAGE_V1))
        return CHAFA_PIXEL_MODE_KITTY;
    if (chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_BEGIN_ITERM2_IMAGE))
        return CHAFA_PIXEL_MODE_ITERM2;
    if (chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_BEGIN_SIXELS))
        return CHAFA_PIXEL_MODE_SIXELS;
    return CHAFA_PIXEL_MODE_SYMBOLS;
}

static ChafaCanvasMode canvas_mode(const ChafaTermInfo *info)
{
    if (chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_SET_COLOR_FGBG_DIRECT))
        return CHAFA_CANVAS_MODE_TRUECOLOR;
    if (chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_SET_COLOR_FGBG_256))
        return CHAFA_CANVAS_MODE_INDEXED_240;
    if (chafa_term_info_have_seq(info, CHAFA_TERM_SEQ_SET_COLOR_FGBG_16))
        return CHAFA_CANVAS_MODE_INDEXED_16;
    return CHAFA_CANVAS_MODE_FGBG;
}

/* As large as the terminal has room for; with graphics no larger than its own pixels. */
static void set_size(ChafaCanvasConfig *config, ChafaPixelMode mode, int width, int height,
                     const hem_terminal *terminal)
{
    int cell_width = terminal->cell_width > 0 ? terminal->cell_width : 8;
    int cell_height = terminal->cell_height > 0 ? terminal->cell_height : 16;
    gint columns = terminal->columns, rows = terminal->rows;
    if (mode != CHAFA_PIXEL_MODE_SYMBOLS) {
        int needed = (width + cell_width - 1) / cell_width;
        columns = needed < columns ? needed : columns;
        rows = (height + cell_height - 1) / cell_height; /* it may scroll */
    }
    chafa_calc_canvas_geometry(width, height, &columns, &rows,
                               (gfloat)cell_width / (gfloat)cell_height, TRUE, FALSE);
    chafa_canvas_config_set_geometry(config, columns, rows);
    chafa_canvas_config_set_cell_geometry(config, cell_width, cell_height);
}

static ChafaCanvas *make_canvas(const ChafaTermInfo *info, ChafaPixelMode mode, int width,
                                int height, const hem_terminal *terminal)
{
    ChafaCanvasConfig *config = chafa_canvas_config_new();
    ChafaSymbolMap *symbols = chafa_symbol_map_new();
    chafa_symbol_map_add_by_tags(symbols, CHAFA_SYMBOL_TAG_BLOCK | CHAFA_SYMBOL_TAG_SPACE);
    chafa_canvas_config_set_symbol_map(config, symbols);
    chafa_canvas_config_set_pixel_mode(config, mode);
    chafa_canvas_config_set_canvas_mode(config, canvas_mode(info));
    set_size(config, mode, width, height, terminal);
    ChafaCanvas *canvas = chafa_canvas_new(config);
    chafa_symbol_map_unref(symbols);
    chafa_canvas_config_unref(config);
    return canvas;
}

static bool draw(const uint8_t *pixels, int width, int height, const hem_terminal *terminal,
                 void (*sink)(void *user, const char *text, size_t n), void *user)
{
    gchar **environment = g_get_environ();
    ChafaTermInfo *info = chafa_term_db_detect(chafa_term_db_get_default(), environment);
    g_strfreev(environment);
    ChafaPixelMode mode = pixel_mode(info);
    if (mode != CHAFA_PIXEL_MODE_SYMBOLS || !terminal->only_graphics) {
        ChafaCanvas *canvas = make_canvas(info, mode, width, height, terminal);
        chafa_canvas_draw_all_pixels(canvas, CHAFA_PIXEL_RGB8, pixels, width, height, width * 3);
        GString *text = chafa_canvas_print(canvas, info);
        sink(user, text->str, text->len);
        g_string_free(text, TRUE);
        chafa_canvas_unref(canvas);
    }
    chafa_term_info_unref(info);
    return true; /* glib ends the program where there is no memory */
}

const hem__chafa_module hem_chafa_module = {
    .size = sizeof(hem__chafa_module),
    .version = HEM_VERSION,
    .draw = draw,
};

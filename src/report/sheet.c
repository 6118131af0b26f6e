/* Labelled sheets of images. All places are whole numbers, so that an image's pixels stay squares
 * of equal size. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/picture.h"

enum {
    MARGIN = 16,
    GAP = 8,      /* between tiles */
    LINE = 14,    /* of a caption */
    CAPTION = 11, /* sizes of letters */
    TITLE = 16,
    TILE = 84,        /* size of a tile that a scale is chosen for: an image */
    FEW = 64,         /* a filter of a few pixels */
    MANY = 40,        /* one of more than 48 of these */
    SMALL = 16,       /* an image of fewer pixels either way is a filter rather than a photograph */
    LARGEST = 16000,  /* of a sheet */
    MOST_LABEL = 220, /* of a row */
};

typedef struct layout {
    size_t columns, rows;
    int scale;             /* of a tile */
    double tile_w, tile_h; /* of the image in it */
    double cell_w, cell_h; /* with captions, without the gap */
    double label_w;        /* names of rows */
    double left, top;      /* of the first tile */
    double width, height;  /* of the sheet */
    double side_w, side_h; /* of the image beside the grid; 0 = none */
    int side_scale;
    int lines; /* of captions */
} layout;

static double widest(const char *const *names, size_t n, double size, bool bold)
{
    double most = 0;
    for (size_t i = 0; names != NULL && i < n; i++) {
        double width = names[i] != NULL ? hem__text_width(names[i], size, bold) : 0;
        most = width > most ? width : most;
    }
    return ceil(most);
}

/* The whole number that makes `pixels` about `size` wide. */
static int scale_for(int pixels, int size)
{
    int scale = (size + pixels / 2) / pixels;
    return scale < 1 ? 1 : scale > 64 ? 64 : scale;
}

static void measure_captions(const hem_sheet *sheet, layout *l)
{
    for (size_t i = 0; i < sheet->n; i++) {
        for (int k = 0; k < 2; k++)
            if (sheet->tiles[i].captions[k] != NULL && k + 1 > l->lines)
                l->lines = k + 1;
        double width = widest(sheet->tiles[i].captions, 2, CAPTION, false);
        l->cell_w = width > l->cell_w ? width : l->cell_w;
    }
    double heads = widest(sheet->column_names, l->columns, CAPTION, false);
    l->cell_w = heads > l->cell_w ? heads : l->cell_w;
}

static int target_size(const hem_sheet *sheet, int pixels)
{
    return pixels >= 12 ? TILE : sheet->n > 48 ? MANY : FEW;
}

/* Columns that make a grid of cells about as wide as high, or somewhat wider where that leaves no
 * ragged last row. */
static size_t choose_columns(size_t n, double cell_w, double cell_h)
{
    size_t columns = (size_t)(sqrt((double)n * cell_h / cell_w) + 0.5);
    columns = columns < 1 ? 1 : columns > n ? n : columns;
    for (size_t more = columns; more < 2 * columns && more <= n; more++)
        if (n % more == 0)
            return more;
    return columns;
}

static void place_side(const hem_sheet *sheet, layout *l)
{
    if (sheet->side == NULL)
        return;
    const hem_tile *side = sheet->side;
    int size = side->height > side->width ? side->height : side->width;
    l->side_scale = scale_for(size, 2 * TILE);
    l->side_w = (double)side->width * l->side_scale;
    l->side_h = (double)side->height * l->side_scale;
    double caption = widest(side->captions, 2, CAPTION, false);
    double taken = l->side_w > caption ? l->side_w : caption;
    l->left += taken + 3 * GAP;
}

static layout lay_out(const hem_sheet *sheet)
{
    const hem_tile *first = &sheet->tiles[0];
    int size = first->height > first->width ? first->height : first->width;
    layout l = {.scale =
                    sheet->scale > 0 ? sheet->scale : scale_for(size, target_size(sheet, size)),
                .columns = sheet->columns > 0 ? sheet->columns : 1};
    l.tile_w = (double)first->width * l.scale;
    l.tile_h = (double)first->height * l.scale;
    l.cell_w = l.tile_w;
    measure_captions(sheet, &l);
    l.cell_h = l.tile_h + l.lines * LINE + (l.lines > 0 ? 4 : 0);
    if (sheet->columns == 0)
        l.columns = choose_columns(sheet->n, l.cell_w + GAP, l.cell_h + GAP);
    l.rows = (sheet->n + l.columns - 1) / l.columns;
    l.label_w = widest(sheet->row_names, l.rows, CAPTION, false);
    l.label_w = l.label_w > MOST_LABEL ? MOST_LABEL : l.label_w;
    l.left = MARGIN;
    l.top = MARGIN + TITLE + 12 + (sheet->subtitle != NULL ? 18 : 0);
    place_side(sheet, &l);
    l.left += l.label_w > 0 ? l.label_w + GAP : 0;
    double grid_top = l.top + (sheet->column_names != NULL ? LINE + 4 : 0);
    double bottom = grid_top + (double)l.rows * (l.cell_h + GAP) - GAP;
    double side_bottom = l.top + l.side_h + (l.side_h > 0 ? 2 * LINE + 4 : 0);
    l.width = l.left + (double)l.columns * (l.cell_w + GAP) - GAP + MARGIN;
    l.height = (bottom > side_bottom ? bottom : side_bottom) + MARGIN;
    double title = 2 * MARGIN + ceil(hem__text_width(sheet->title, TITLE, true));
    double subtitle = sheet->subtitle != NULL
                          ? 2 * MARGIN + ceil(hem__text_width(sheet->subtitle, 12, false))
                          : 0;
    l.width = title > l.width ? title : l.width;
    l.width = subtitle > l.width ? subtitle : l.width;
    l.top = grid_top;
    return l;
}

/* Pixels of a small image as squares of `scale` pixels: there are viewers that smooth what they
 * enlarge, which a photograph survives and a filter does not. NULL = no memory. */
static uint8_t *enlarge(const hem_tile *tile, int scale)
{
    size_t channels = (size_t)tile->channels, row = (size_t)(tile->width * scale) * channels;
    uint8_t *out = hem__calloc((size_t)(tile->height * scale), row);
    for (int y = 0; out != NULL && y < tile->height * scale; y++)
        for (int x = 0; x < tile->width * scale; x++) {
            int from = y / scale * tile->width + x / scale;
            memcpy(out + (size_t)y * row + (size_t)x * channels,
                   tile->pixels + (size_t)from * channels, channels);
        }
    return out;
}

static void draw_pixels(hem__canvas *canvas, const hem_tile *tile, double x, double y, int scale)
{
    const char *name = tile->captions[0] != NULL ? tile->captions[0] : "";
    double w = (double)tile->width * scale, h = (double)tile->height * scale;
    bool small = tile->width < SMALL && tile->height < SMALL;
    uint8_t *squares = small ? enlarge(tile, scale) : NULL;
    int by = squares != NULL ? scale : 1; /* without memory as it is: the canvas will say so */
    hem__draw_image(canvas, x, y, w, h,
                    (hem__pixels){squares != NULL ? squares : tile->pixels, tile->width * by,
                                  tile->height * by, tile->channels},
                    name);
    free(squares);
}

static void draw_tile(hem__canvas *canvas, const hem_tile *tile, double x, double y, int scale)
{
    double w = (double)tile->width * scale, h = (double)tile->height * scale;
    if (tile->pixels == NULL)
        return;
    /* A frame, since white images end nowhere on white paper. */
    hem__draw_rect(canvas, x - 0.5, y - 0.5, w + 1, h + 1, (hem__paint){.stroke = HEM__GRID});
    draw_pixels(canvas, tile, x, y, scale);
    for (int k = 0; k < 2; k++)
        if (tile->captions[k] != NULL)
            hem__draw_text(canvas, x, y + h + 2 + (k + 1) * LINE - 2,
                           (hem__font){.size = CAPTION, .role = k == 0 ? HEM__INK : HEM__MUTED},
                           "%s", tile->captions[k]);
}

static void draw_names(hem__canvas *canvas, const hem_sheet *sheet, const layout *l)
{
    for (size_t c = 0; sheet->column_names != NULL && c < l->columns; c++)
        if (sheet->column_names[c] != NULL)
            hem__draw_text(canvas, l->left + (double)c * (l->cell_w + GAP), l->top - 6,
                           (hem__font){.size = CAPTION, .role = HEM__MUTED}, "%s",
                           sheet->column_names[c]);
    for (size_t r = 0; sheet->row_names != NULL && r < l->rows; r++)
        if (sheet->row_names[r] != NULL)
            hem__draw_text(
                canvas, l->left - GAP, l->top + (double)r * (l->cell_h + GAP) + l->tile_h / 2 + 4,
                (hem__font){.size = CAPTION, .anchor = HEM__END}, "%s", sheet->row_names[r]);
}

static void draw_sheet(hem__canvas *canvas, const hem_sheet *sheet, const layout *l)
{
    hem__draw_text(canvas, MARGIN, MARGIN + TITLE - 3, (hem__font){.size = TITLE, .bold = true},
                   "%s", sheet->title);
    if (sheet->subtitle != NULL)
        hem__draw_text(canvas, MARGIN, MARGIN + TITLE + 15, (hem__font){.role = HEM__MUTED}, "%s",
                       sheet->subtitle);
    draw_names(canvas, sheet, l);
    if (sheet->side != NULL)
        draw_tile(canvas, sheet->side, MARGIN, l->top, l->side_scale);
    for (size_t i = 0; i < sheet->n; i++)
        draw_tile(canvas, &sheet->tiles[i], l->left + (double)(i % l->columns) * (l->cell_w + GAP),
                  l->top + (double)(i / l->columns) * (l->cell_h + GAP), l->scale);
}

static bool good_tile(const hem_tile *tile, const hem_tile *like)
{
    return tile->height == like->height && tile->width == like->width &&
           (tile->channels == 1 || tile->channels == 3);
}

static hem_status check(const hem_sheet *sheet, hem_error *err)
{
    if (sheet->n < 1 || sheet->n > HEM_SHEET_MOST)
        return hem__fail(err, HEM_ERR_USAGE, "%zu images on a sheet; allowed 1..%d", sheet->n,
                         HEM_SHEET_MOST);
    if (sheet->scale < 0 || sheet->scale > 64)
        return hem__fail(err, HEM_ERR_USAGE, "scale %d; allowed 1..64", sheet->scale);
    for (size_t i = 0; i < sheet->n; i++)
        if (!good_tile(&sheet->tiles[i], &sheet->tiles[0]) || sheet->tiles[i].height < 1 ||
            sheet->tiles[i].width < 1)
            return hem__fail(
                err, HEM_ERR_USAGE, "image %zu of the sheet is %d x %d x %d, the first %d x %d", i,
                sheet->tiles[i].height, sheet->tiles[i].width, sheet->tiles[i].channels,
                sheet->tiles[0].height, sheet->tiles[0].width);
    if (sheet->side != NULL && !good_tile(sheet->side, sheet->side))
        return hem__fail(err, HEM_ERR_USAGE,
                         "the image beside the sheet has %d channels; allowed "
                         "1 and 3",
                         sheet->side->channels);
    return HEM_OK;
}

hem_status hem_sheet_draw(const hem_sheet *sheet, hem_picture **out, hem_error *err)
{
    *out = NULL;
    HEM_TRY(check(sheet, err));
    layout l = lay_out(sheet);
    if (l.width > LARGEST || l.height > LARGEST) {
        hem__fail(err, HEM_ERR_USAGE, "the sheet would be %.0f x %.0f units; allowed %d either way",
                  l.width, l.height, LARGEST);
        return hem__hint(err, "show fewer images, or a smaller scale");
    }
    hem__canvas *canvas = hem__canvas_new(l.width, l.height, sheet->title, sheet->subtitle);
    if (canvas != NULL)
        draw_sheet(canvas, sheet, &l);
    return hem__picture_of(canvas, out, err);
}

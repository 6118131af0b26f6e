/* Pictures: labelled sheets of images and charts, drawn once and written as PNG, SVG or PDF, or
 * shown in a terminal. Text is real text in SVG and PDF. */
#ifndef HEMLINE_PICTURE_H
#define HEMLINE_PICTURE_H

#include "hemline/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A finished drawing. */
typedef struct hem_picture hem_picture;

/** Accepts NULL. */
HEM_API void hem_picture_free(hem_picture *picture);

/** What the picture is, and what it shows (NULL where nothing is said), in words, for those who do
 *  not see it or not well. Both belong to the picture. */
HEM_API const char *hem_picture_title(const hem_picture *picture);
HEM_API const char *hem_picture_description(const hem_picture *picture);

/** Whether hem_picture_write() knows the name's ending, to ask before the work: HEM_ERR_USAGE names
 *  the endings. */
HEM_API HEM_MUST_USE hem_status hem_picture_check_name(const char *path, hem_error *err);
/** Writes a file of the kind that its name ends in: .png, .svg or .pdf; beside the target, synced,
 *  renamed over it. A PNG has two pixels a unit of length (CSS pixel). PNG and PDF need the
 * loadable module "cairo". HEM_ERR_USAGE: another ending; HEM_ERR_IO. */
HEM_API HEM_MUST_USE hem_status hem_picture_write(const hem_picture *picture, const char *path,
                                                  hem_error *err);

/** A terminal to draw for. */
typedef struct hem_terminal {
    int columns, rows;           /**< characters */
    int cell_width, cell_height; /**< pixels of a character; 0 = not known */
    bool only_graphics;          /**< draw nothing on a terminal that shows characters alone */
} hem_terminal;

/** The picture as bytes for a terminal of the kind that the environment (TERM, ...) names: Kitty's,
 *  iTerm's or Sixel graphics where it has them, else characters in colour. *out is the caller's to
 *  free(); NULL where `only_graphics` left nothing to say, and on failure. Needs the loadable
 *  modules "cairo" and "chafa": HEM_ERR_IO without them. */
HEM_API HEM_MUST_USE hem_status hem_picture_terminal(const hem_picture *picture,
                                                     const hem_terminal *terminal, char **out,
                                                     hem_error *err);

/** One image of a sheet. All pointers are borrowed for the call. */
typedef struct hem_tile {
    const uint8_t *pixels; /**< height*width*channels bytes, channels innermost; NULL = a gap */
    int height, width, channels; /**< channels 1 (grey) or 3 (red, green, blue) */
    const char *captions[2];     /**< lines below it; NULL = none */
} hem_tile;

/** A sheet: a grid of images of one size with captions, names of rows and columns, and one larger
 *  image beside it. Start from zeros; all pointers are borrowed for the call. */
typedef struct hem_sheet {
    const char *title;    /**< a line */
    const char *subtitle; /**< another, smaller; NULL = none */
    const hem_tile *tiles;
    size_t n;       /**< 1..HEM_SHEET_MOST */
    size_t columns; /**< 0 = as many as make the sheet about as wide as high */
    const char *const *row_names, *const *column_names; /**< NULL = none */
    const hem_tile *side;                               /**< NULL = none */
    int scale; /**< units of length an image's pixel, 1..64; 0 = chosen by the images' size */
} hem_sheet;

enum { HEM_SHEET_MOST = 4096 };

/** Draws a sheet. *out is the caller's to hem_picture_free(); NULL on failure. HEM_ERR_USAGE: no
 *  tile, too many, tiles of different sizes, or a sheet larger than 16,000 units either way;
 *  HEM_ERR_MEMORY. */
HEM_API HEM_MUST_USE hem_status hem_sheet_draw(const hem_sheet *sheet, hem_picture **out,
                                               hem_error *err);

/** Puts pictures side by side on one, `columns` in a row (0 = all), under a title (NULL = none).
 *  The pictures stay the caller's. *out is the caller's to hem_picture_free(); NULL on failure:
 *  HEM_ERR_MEMORY; HEM_ERR_USAGE: no picture. */
HEM_API HEM_MUST_USE hem_status hem_pictures_join(const hem_picture *const *pictures, size_t n,
                                                  size_t columns, const char *title,
                                                  hem_picture **out, hem_error *err);

#ifdef __cplusplus
}
#endif
#endif

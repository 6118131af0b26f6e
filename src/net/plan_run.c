/* Running a plan. Every thread runs the whole of run_job(); what differs is the work that each
 * takes of an entry. In inference each may run chunks of its own instead: run_apart(). The order of
 * every sum is that of kernel/contract.h and of this file: tiles and chunks of a group in order,
 * groups by a binary tree. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "net/plan_inside.h"

typedef HEM__R(hem__plan) plan_t;
typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;
typedef HEM__R(hem__batch) batch_t;
typedef HEM__R(hem__entry) entry_t;

/* One call of hem__plan_forward or hem__plan_step. */
typedef struct job {
    plan_t *plan;
    hem__real *params, *state;
    const hem__update *updates;
    const batch_t *batch;
    bool backward;
    bool finite; /* written by thread 0 alone */
} job;

/* Where the thread's time counts from now on, where it is measured: a slot of net/profile.h. */
static size_t mark(const plan_t *plan, size_t slot)
{
    return plan->profile ? hem__profile_mark(slot) : 0;
}

static void meet(const plan_t *plan)
{
    if (!plan->pool)
        return;
    size_t before = mark(plan, HEM__TIME_WAIT);
    hem__pool_barrier(plan->pool);
    mark(plan, before);
}

static void run_entries(const plan_t *plan, const entry_t *list, int n, const work_t *work)
{
    for (int i = 0; i < n; i++) {
        if (list[i].together > 1) {
            HEM__R(hem__rows_run)(plan, &list[i], list[i].together, work);
            i += list[i].together - 1;
        } else {
            mark(plan, HEM__N_TIMES + (size_t)(&list[i] - plan->lists));
            if (list[i].by_tile)
                HEM__R(hem__tail_run)(&list[i], work);
            else
                list[i].run(list[i].cell, work);
        }
        if (list[i].barrier)
            meet(plan);
    }
}

/* The sums are of whole numbers, so that their order is nobody's concern: 32 bits, which vectors
 * add up twice as fast, hold those of 65,536 bytes. */
void HEM__R(hem__measure_image)(const uint8_t *image, size_t n, hem__real *mean, hem__real *factor)
{
    uint64_t sum = 0, squares = 0;
    for (size_t i = 0; i < n;) {
        const size_t end = n - i < 65536 ? n : i + 65536;
        uint32_t some = 0, some_squares = 0;
        for (; i < end; i++) {
            some += image[i];
            some_squares += (uint32_t)image[i] * image[i];
        }
        sum += some;
        squares += some_squares;
    }
    double middle = (double)sum / (double)n;
    double variance = (double)squares / (double)n - middle * middle;
    *mean = (hem__real)middle;
    *factor = variance > 0 ? (hem__real)(1 / sqrt(variance)) : 0;
}

/* n units of a tile, standardized by each image's own mean and deviation. images[l] are whole. */
static void load_by_image(const uint8_t *const *images, size_t units, size_t u0, size_t n,
                          const work_t *work, hem__real *y)
{
    hem__real mean[HEM__LANES], factor[HEM__LANES];
    for (size_t l = 0; l < HEM__LANES; l++)
        HEM__R(hem__measure_image)(images[l], units, &mean[l], &factor[l]);
    work->kernels->bytes_by_image(images, mean, factor, u0, n, y);
}

/* Bytes to numbers, images to lanes. Lanes without an image repeat the chunk's first. With up to 8
 * channels, innermost in the image, units lie in the order of its bytes. */
static void load(const plan_t *plan, const batch_t *batch, size_t first, const work_t *work)
{
    size_t units = plan->cells[0].out_units, i, last;
    size_t unit = batch->by_image ? units : 4 * HEM__LANES; /* an image is measured as a whole */
    const size_t all = (size_t)work->tiles * units;
    hem__real *to = plan->cells[0].y + (size_t)work->thread * plan->own_input;
    hem__deal deal = plan->own_input > 0 ? hem__deal_new(NULL, 0, all, unit, units)
                                         : hem__work_deal(work, all, unit, units);
    while (hem__deal_next(&deal, &i, &last)) {
        size_t tile = i / units, u0 = i % units, n = last - i;
        const uint8_t *image[HEM__LANES];
        for (size_t l = 0; l < HEM__LANES; l++) {
            size_t at = tile * HEM__LANES + l;
            image[l] = batch->images[first + (at < (size_t)work->images ? at : 0)];
        }
        hem__real *y = to + i * HEM__LANES;
        if (batch->by_image)
            load_by_image(image, units, u0, n, work, y);
        else if (batch->pixels)
            work->kernels->bytes_by_unit(image, batch->pixels, batch->pixels + units, u0, n, y);
        else
            work->kernels->bytes(image, batch->values, u0, n, y);
    }
    if (plan->own_input == 0) /* else nobody reads another thread's */
        meet(plan);
}

/* The gradient of each image's own logit of its label; nothing for lanes without an image. */
static void score_grad(const hem__loss_run *run, hem__real *dx)
{
    memset(dx, 0, (size_t)run->C * HEM__LANES * sizeof *dx);
    for (int l = 0; l < run->n; l++)
        dx[run->labels[l] * HEM__LANES + l] = 1;
}

/* The last node, the loss and its gradient, scaled by one over the images of the whole batch. */
static void run_loss(const job *j, size_t first, const work_t *work)
{
    const plan_t *plan = j->plan;
    const batch_t *batch = j->batch;
    const cell_t *cell = &plan->cells[plan->graph->n_nodes - 1];
    const double smoothing = plan->options.training ? plan->graph->label_smoothing : 0;
    const double spread = smoothing / plan->graph->n_classes;
    hem__loss_run run = {.C = plan->graph->n_classes,
                         .on = (hem__real)(1 - smoothing + spread),
                         .off = (hem__real)spread,
                         .scale = (hem__real)1 / (hem__real)batch->n};
    size_t at = cell->in_units * HEM__LANES, t, last;
    hem__share((size_t)work->tiles, work->thread, work->n_threads, &t, &last);
    for (; t < last; t++) {
        size_t done = t * HEM__LANES, left = (size_t)work->images - done;
        run.labels = batch->labels ? batch->labels + first + done : NULL;
        run.n = left < HEM__LANES ? (int)left : HEM__LANES;
        hem__real *dx = j->backward ? cell->dx + t * at : NULL;
        work->kernels->loss[plan->graph->loss](
            &run, cell->x + t * at, batch->probabilities ? cell->y + t * at : NULL,
            batch->of_score ? NULL : dx, plan->loss + done, plan->predicted + done);
        if (batch->of_score && dx)
            score_grad(&run, dx);
    }
    meet(plan);
}

/* Copies the chunk's results out; by one thread, before the chunk's buffers are used again. */
static void hand_out(const plan_t *plan, const batch_t *batch, size_t first, size_t n)
{
    size_t classes = (size_t)plan->graph->n_classes;
    if (batch->loss)
        memcpy(batch->loss + first, plan->loss, n * sizeof *plan->loss);
    if (batch->predicted)
        memcpy(batch->predicted + first, plan->predicted, n * sizeof *plan->predicted);
    const hem__real *p = plan->cells[plan->graph->n_nodes - 1].y;
    for (size_t i = 0; batch->probabilities && i < n; i++)
        for (size_t c = 0; c < classes; c++)
            batch->probabilities[(first + i) * classes + c] =
                p[((i / HEM__LANES) * classes + c) * HEM__LANES + i % HEM__LANES];
}

static bool all_finite(const hem__real *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* Forward, and backward if asked, over one chunk. Every thread returns the same answer: false where
 * a loss is not finite. */
static bool run_chunk(const job *j, work_t *work, size_t first, size_t n)
{
    const plan_t *plan = j->plan;
    work->tiles = (int)((n + HEM__LANES - 1) / HEM__LANES);
    work->images = (int)n;
    work->place = j->batch->place + (uint32_t)first;
    mark(plan, HEM__TIME_LOAD);
    load(plan, j->batch, first, work);
    run_entries(plan, plan->forward, plan->n_forward, work);
    mark(plan, HEM__TIME_LOSS);
    run_loss(j, first, work);
    mark(plan, HEM__TIME_RESULTS);
    if (work->thread == 0) {
        hand_out(plan, j->batch, first, n);
        j->plan->last_tiles = work->tiles;
        if (plan->profile) {
            plan->profile->chunks++;
            plan->profile->tiles += (uint64_t)work->tiles;
            plan->profile->images += n;
        }
    }
    bool finite = !j->batch->labels || all_finite(plan->loss, n);
    if (j->backward && finite)
        run_entries(plan, plan->backward, plan->n_backward, work);
    meet(plan);
    return finite;
}

/* The thread's aligned share of a tensor's stored numbers. */
static void tensor_share(const hem__tensor *t, const work_t *work, size_t *first, size_t *last)
{
    hem__share(t->stored / HEM__ALIGN, work->thread, work->n_threads, first, last);
    *first = t->offset + *first * HEM__ALIGN;
    *last = t->offset + *last * HEM__ALIGN;
}

/* Whether the layer has updated this tensor itself. */
static bool updated_by_layer(const plan_t *plan, const work_t *work, int tensor)
{
    for (int i = 0; work->fused && i < plan->graph->n_nodes; i++)
        if (plan->graph->nodes[i].weight == tensor)
            return plan->graph->nodes[i].is_dense;
    return false;
}

/* The threads meet before anything is added: behind the loss. */
static void clear_grads(const plan_t *plan, const work_t *work)
{
    for (int i = 0; i < plan->graph->n_tensors; i++) {
        size_t first, last;
        if (plan->graph->tensors[i].frozen || updated_by_layer(plan, work, i))
            continue;
        tensor_share(&plan->graph->tensors[i], work, &first, &last);
        memset(plan->grads + first, 0, (last - first) * sizeof(hem__real));
    }
}

/* What no layer has updated, with gradients of the loss or, where `factor` is not NULL, with those
 * of the objective times *factor; then the average of all. Numbers that a layer has updated are
 * whole: the threads met since. */
static void update_rest(const plan_t *plan, const work_t *work, const hem__real *factor)
{
    for (int i = 0; i < plan->graph->n_tensors; i++) {
        size_t first, last;
        hem__update update = work->updates[i];
        tensor_share(&plan->graph->tensors[i], work, &first, &last);
        if (factor) {
            update.decay = update.l1 = 0; /* the penalties' gradients are in already */
            for (size_t at = first; *factor < 1 && at < last; at++)
                plan->grads[at] *= *factor;
        }
        if (!plan->graph->tensors[i].frozen && !updated_by_layer(plan, work, i))
            work->kernels->update[work->optimizer](work->params + first, plan->grads + first,
                                                   work->state + (size_t)work->slots * first,
                                                   last - first, &update);
        if (plan->average)
            work->kernels->average(plan->average + first, work->params + first, last - first,
                                   plan->average_gain);
    }
}

/* What a step leaves behind besides weights. */
static void finish_layers(const plan_t *plan, const work_t *work)
{
    for (int i = 0; i < plan->graph->n_nodes; i++) {
        const HEM__R(hem__layer) *layer = hem__layer_of(&plan->graph->nodes[i]);
        if (layer->finish)
            layer->finish(&plan->cells[i], work);
    }
    if (plan->average) /* which other threads take of these values */
        meet(plan);
}

/* Adds the group just finished to the tree: level k holds the sum of 2^k groups, so that adding one
 * is the carry of a binary counter. `full` has a bit for each level in use. Each thread adds and
 * moves its own share of the numbers. */
static uint32_t carry(const plan_t *plan, const work_t *work, uint32_t full)
{
    int level = 0;
    size_t first, last;
    hem__share(plan->graph->n_params / HEM__ALIGN, work->thread, work->n_threads, &first, &last);
    size_t at = first * HEM__ALIGN, n = (last - first) * HEM__ALIGN;
    for (; full >> level & 1; level++) {
        work->kernels->add(plan->tree[level] + at, plan->grads + at, n); /* earlier + later */
        memcpy(plan->grads + at, plan->tree[level] + at, n * sizeof(hem__real));
    }
    if (level < plan->n_levels)
        memcpy(plan->tree[level] + at, plan->grads + at, n * sizeof(hem__real));
    return ((full >> level) + 1) << level;
}

/* Folds the levels that are in use into the gradient, small ones first. */
static void fold(const plan_t *plan, const work_t *work, uint32_t full)
{
    size_t first, last;
    hem__share(plan->graph->n_params / HEM__ALIGN, work->thread, work->n_threads, &first, &last);
    size_t at = first * HEM__ALIGN, n = (last - first) * HEM__ALIGN;
    int level = 0;
    while (!(full >> level & 1))
        level++;
    if (level < plan->n_levels) /* else the last carry left the sum of all in the gradient */
        memcpy(plan->grads + at, plan->tree[level] + at, n * sizeof(hem__real));
    for (level++; full >> level; level++)
        if (full >> level & 1) {
            work->kernels->add(plan->tree[level] + at, plan->grads + at, n);
            memcpy(plan->grads + at, plan->tree[level] + at, n * sizeof(hem__real));
        }
    meet(plan);
}

/* All groups of a training batch. */
static bool run_groups(const job *j, work_t *work)
{
    const plan_t *plan = j->plan;
    const size_t n = j->batch->n, chunk = (size_t)plan->chunk_tiles * HEM__LANES;
    const int groups = hem__groups_of(n, plan->options.groups);
    uint32_t full = 0;
    for (int g = 0; g < groups; g++) {
        size_t at, end;
        hem__share((n + HEM__LANES - 1) / HEM__LANES, g, groups, &at, &end);
        at *= HEM__LANES;
        end = end * HEM__LANES < n ? end * HEM__LANES : n;
        mark(plan, HEM__TIME_CLEAR);
        clear_grads(plan, work);
        for (; at < end; at += chunk)
            if (!run_chunk(j, work, at, end - at < chunk ? end - at : chunk))
                return false;
        mark(plan, HEM__TIME_GROUPS);
        if (groups > 1) {
            full = carry(plan, work, full);
            meet(plan);
        }
    }
    if (groups > 1)
        fold(plan, work, full);
    return true;
}

static void run_job(void *argument, int thread, int n_threads)
{
    job *j = argument;
    const plan_t *plan = j->plan;
    work_t work = {.kernels = plan->kernels,
                   .pool = plan->pool,
                   .thread = thread,
                   .n_threads = n_threads,
                   .params = j->params,
                   .grads = plan->grads,
                   .state = j->state,
                   .slots = plan->options.slots,
                   .optimizer = plan->options.optimizer,
                   .updates = j->updates,
                   .fused = j->updates && plan->one_chunk && plan->options.fuse,
                   .drop_key = {j->batch->drop_key[0], j->batch->drop_key[1]},
                   .epoch = j->batch->epoch};
    bool finite = true;
    hem__profile_enter(plan->profile, thread);
    run_entries(plan, plan->prepare, plan->n_prepare, &work);
    if (j->backward) {
        hem__real factor = 1;
        bool clip = j->updates && plan->options.clip > 0;
        finite = run_groups(j, &work);
        mark(plan, HEM__TIME_UPDATE);
        finite = finite && (!clip || HEM__R(hem__clip)(j->plan, &work, &factor));
        if (finite && j->updates) {
            finish_layers(plan, &work);
            update_rest(plan, &work, clip ? &factor : NULL);
        }
    } else {
        const size_t n = j->batch->n, chunk = (size_t)plan->chunk_tiles * HEM__LANES;
        for (size_t at = 0; at < n; at += chunk)
            run_chunk(j, &work, at, n - at < chunk ? n - at : chunk);
    }
    hem__profile_leave();
    if (thread == 0)
        j->finite = finite;
}

/* Whether each thread takes tiles of its own through all layers, so that nobody waits for another
 * but at the end: where the threads' last pieces leave at most an eighth of the time unused. */
static bool runs_apart(const job *j)
{
    const size_t piece = HEM__APART_TILES * HEM__LANES, threads = (size_t)j->plan->n_threads;
    const size_t pieces = (j->batch->n + piece - 1) / piece;
    const size_t rounds = (pieces + threads - 1) / threads;
    return j->plan->apart && !j->backward && 8 * pieces >= 7 * rounds * threads;
}

static void run_apart(void *argument, int thread, int n_threads)
{
    job own = *(const job *)argument;
    const plan_t *all = own.plan;
    const size_t n = own.batch->n;
    size_t first, last;
    work_t work = {.kernels = all->kernels,
                   .pool = all->pool,
                   .thread = thread,
                   .n_threads = n_threads,
                   .params = own.params};
    hem__profile_enter(all->profile, thread);
    run_entries(all, all->prepare, all->n_prepare, &work);
    hem__profile_leave();
    own.plan = all->apart[thread];
    work.pool = NULL;
    work.thread = 0;
    work.n_threads = 1;
    hem__profile_enter(own.plan->profile, 0);
    hem__deal tiles = hem__deal_new(all->pool, thread, (n + HEM__LANES - 1) / HEM__LANES,
                                    HEM__APART_TILES, HEM__APART_TILES);
    while (hem__deal_next(&tiles, &first, &last)) {
        const size_t end = last * HEM__LANES < n ? last * HEM__LANES : n;
        run_chunk(&own, &work, first * HEM__LANES, end - first * HEM__LANES);
    }
    if (own.plan->profile)
        meet(all);
    hem__profile_leave();
}

static bool run(job *j)
{
    hem__profile *profile = j->plan->profile;
    double began = profile ? hem__now() : 0;
    if (runs_apart(j)) {
        j->finite = true; /* nobody asks in inference */
        hem__pool_run(j->plan->pool, run_apart, j);
    } else if (j->plan->pool)
        hem__pool_run(j->plan->pool, run_job, j);
    else
        run_job(j, 0, 1);
    if (profile) {
        profile->in_plan += hem__now() - began;
        profile->runs++;
    }
    return j->finite;
}

void HEM__R(hem__plan_forward)(plan_t *plan, hem__real *params, const batch_t *batch)
{
    job j = {.plan = plan, .params = params, .batch = batch};
    run(&j);
}

bool HEM__R(hem__plan_step)(plan_t *plan, hem__real *params, hem__real *state,
                            const hem__update *updates, const batch_t *batch)
{
    job j = {.plan = plan,
             .params = params,
             .state = state,
             .updates = updates,
             .batch = batch,
             .backward = true};
    plan->norm = 0;
    return run(&j);
}

void HEM__R(hem__plan_set_average)(plan_t *plan, hem__real *average, hem__real gain)
{
    plan->average = average;
    plan->average_gain = gain;
}

const hem__real *HEM__R(hem__plan_grads)(const plan_t *plan)
{
    return plan->grads;
}

const hem__real *HEM__R(hem__plan_output)(const plan_t *plan, int node)
{
    assert(!plan->options.apart);
    return plan->cells[node].y;
}

const hem__real *HEM__R(hem__plan_input_grad)(const plan_t *plan)
{
    return plan->cells[0].dy;
}

int HEM__R(hem__plan_bad_layer)(const plan_t *plan)
{
    assert(!plan->options.apart);
    for (int i = 1; i < plan->graph->n_nodes; i++) {
        const cell_t *cell = &plan->cells[i];
        size_t n = cell->y ? (size_t)plan->last_tiles * cell->out_units * HEM__LANES : 0;
        bool is_loss = i == plan->graph->n_nodes - 1; /* its own memory is not always written */
        if (is_loss || !all_finite(cell->y, n))
            return (int)cell->node->layer;
    }
    return -1;
}

/* Which cell of each window is the largest, the first winning ties, of one lane. */
static size_t choose(const hem__pool_shape *s, const hem__real *x, int c, int p, int q, size_t lane)
{
    hem__shape in = {s->C, s->H, s->W};
    size_t best = 0, cell = 0;
    hem__real most = 0;
    bool any = false;
    for (int r = 0; r < s->R; r++)
        for (int t = 0; t < s->S; t++, cell++) {
            int y = p * s->stride_y - s->pad_y + r, z = q * s->stride_x - s->pad_x + t;
            if (y < 0 || y >= s->H || z < 0 || z >= s->W)
                continue;
            hem__real v = x[hem__unit(in, c, y, z) * HEM__LANES + lane];
            if (!any || v > most)
                most = v, best = cell, any = true;
        }
    return best;
}

/* The numbers whose sign says on which side of a kink at 0 a node is, or NULL: its outputs, but not
 * prelu's, whose slope may be negative. elu counts for every alpha: its second derivative jumps,
 * which a central difference sees too. */
static const hem__real *kinked(const cell_t *cell)
{
    if (cell->node->kind == HEM__LAYER_PRELU)
        return cell->x;
    bool kink = cell->node->relu || cell->node->kind == HEM__LAYER_RELU ||
                cell->node->kind == HEM__LAYER_LEAKY_RELU || cell->node->kind == HEM__LAYER_ELU;
    return kink ? cell->y : NULL;
}

uint64_t HEM__R(hem__plan_signature)(const plan_t *plan, size_t n)
{
    assert(plan->options.training || plan->options.keep);
    uint64_t hash = 0;
    for (int i = 1; i < plan->graph->n_nodes; i++) {
        const cell_t *cell = &plan->cells[i];
        const hem__pool_shape *s = &cell->node->pool;
        const hem__real *side = kinked(cell);
        for (size_t image = 0; image < n; image++) {
            size_t tile = image / HEM__LANES, lane = image % HEM__LANES;
            size_t at = tile * cell->out_units * HEM__LANES + lane;
            for (size_t u = 0; side && u < cell->out_units; u++)
                hash = hash * 0x9E3779B97F4A7C15u + (side[at + u * HEM__LANES] > 0) + (hash >> 29);
            const hem__real *x = cell->x + tile * cell->in_units * HEM__LANES;
            for (int c = 0; cell->node->kind == HEM__LAYER_MAXPOOL && c < s->C; c++)
                for (int p = 0; p < s->P; p++)
                    for (int q = 0; q < s->Q; q++)
                        hash =
                            hash * 0x9E3779B97F4A7C15u + choose(s, x, c, p, q, lane) + (hash >> 29);
        }
    }
    return hash;
}

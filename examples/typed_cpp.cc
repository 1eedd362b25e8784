/*
 * pond in C++: pond_typed<T> owns a pond and hands out unique_ptrs that put themselves back. The
 * macros of <pond/typed.h> work here too, POND_SCOPED included. Objects are made and reset by the
 * options' hooks, not by constructors: T is plain data.
 */
#include "claim.h"
#include <pond/typed.h>
#include <utility>
#include <vector>

struct vertex {
    float x, y, z;
};

POND_DECLARE(vertex, struct vertex)
POND_DEFINE(vertex, struct vertex)

static bool vertex_reset(void *obj, void *)
{
    *static_cast<vertex *>(obj) = vertex();
    return true;
}

static float length_squared(float x, float y)
{
    POND_SCOPED(vertex, v); /* put back at the closing brace */
    v->x = x;
    v->y = y;
    return v->x * v->x + v->y * v->y;
}

static pond_stats read_stats(pond *p)
{
    pond_stats stats;
    pond_stats_read(p, &stats);
    return stats;
}

int main()
{
    pond_options options = pond_options();
    options.name = "vertices";
    options.reset = vertex_reset;
    pond_typed<vertex> vertices(options);
    CLAIM(vertices.get_pond() != nullptr);
    {
        std::vector<pond_typed<vertex>::pointer> shape;
        for (int i = 0; i < 100; i++) {
            shape.push_back(vertices.get());
            CLAIM(shape.back() && shape.back()->x == 0);
            shape.back()->x = static_cast<float>(i + 1);
        }
        auto last = std::move(shape.back()); /* ownership moves as with any unique_ptr */
        shape.pop_back();
        CLAIM(last->x == 100 && read_stats(vertices.get_pond()).live == 100);
    }
    CLAIM(read_stats(vertices.get_pond()).live == 0);
    CLAIM(vertices.get()->x == 0); /* reset ran at the put */

    CLAIM(length_squared(3, 4) == 25);
    CLAIM(length_squared(6, 8) == 100);
    CLAIM_PLAIN(read_stats(vertex_pond()).constructed == 1);
    CLAIM(pond_destroy(vertex_pond()) == 0);
    printf("%d vertices made\n", static_cast<int>(read_stats(vertices.get_pond()).constructed));
    return 0;
}

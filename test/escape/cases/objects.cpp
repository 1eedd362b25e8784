// Objects of C++.
// clang-format off
#include <cstdlib>
#include <new>

struct Point {
    int x, y;
    explicit Point(int n) : x(n), y(n) {}
    int sum() const { return x + y; }
};
static Point *kept;

int stays(int n)
{
    Point *p = new Point(n); //~ operator new does not escape: could be a local variable or POND_SCOPED (8 bytes)
    n = p->sum();
    delete p;
    return n;
}

void escapes(int n)
{
    kept = new Point(n); //~ operator new escapes: stored in kept at line +0
}

Point *returned(int n)
{
    return new Point(n); //~ operator new is returned at line +0: see the callers of returned
}

struct Keeper {
    Point *point;
    void keep(Point *p) { point = p; }
};
int kept_by_one_that_stays()
{
    Keeper k = {nullptr};
    k.keep(new Point(3)); //~ operator new does not escape: could be a local variable or POND_SCOPED (8 bytes)
    int n = k.point->sum();
    delete k.point;
    return n;
}

void kept_by_one_that_does_not(Keeper &k)
{
    k.keep(new Point(4)); //~ operator new escapes: passed to Keeper::keep at line +0, where it is stored in this->point at line -13
}

int array(unsigned n)
{
    int *p = new int[n]; //~ operator new[] does not escape: could be POND_SCOPED, or a local variable if it has a bounded size
    p[0] = 1;
    int r = p[0];
    delete[] p;
    return r;
}

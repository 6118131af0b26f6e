/* Sine and cosine. The angle less its nearest quarter turn lies within +-45 degrees, where the
 * Taylor series to x^14 leave less than 1e-14. */
#include "data/turn.h"

void hem__turn(double degrees, double *sine, double *cosine)
{
    int quarter = (int)(degrees / 90 + (degrees < 0 ? -0.5 : 0.5));
    double x = (degrees - 90 * quarter) * (3.14159265358979323846 / 180), x2 = x * x;
    double s = 1, c = 1;
    for (int n = 13; n > 1; n -= 2) { /* 1 - x^2/(2 3) (1 - x^2/(4 5) (1 - ...)) */
        s = 1 - x2 / (n * (n - 1)) * s;
        c = 1 - x2 / (n * (n + 1)) * c;
    }
    s *= x;
    c = 1 - x2 / 2 * c;
    const double turned[4][2] = {{s, c}, {c, -s}, {-s, -c}, {-c, s}};
    *sine = turned[quarter & 3][0];
    *cosine = turned[quarter & 3][1];
}

double hem__tangent(double degrees)
{
    double sine, cosine;
    hem__turn(degrees, &sine, &cosine);
    return sine / cosine;
}

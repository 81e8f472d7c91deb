"""The same likelihoods under scipy's optimisers: the reference of the fits.

fit.py FILE: FILE has the customers' frequency, recency and age, comma
separated.  Requests, {"sql": "model, method"}, come line by line and answers
go out, as of engine.js.

It does what a careful analyst would: equal customers are grouped, everything
is vectorised, parameters are searched in their logarithms, times are scaled
by their mean.
"""
import json
import os
import resource
import sys
import time

os.environ['OPENBLAS_NUM_THREADS'] = '1'  # before numpy looks: one thread, as the serial plan has
import numpy
import scipy
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammaln


def grouped(rows):
    """The distinct rows and how often each is there"""
    order = numpy.lexsort(rows.T)
    rows = rows[order]
    first = numpy.concatenate(([True], (rows[1:] != rows[:-1]).any(axis=1)))
    starts = numpy.flatnonzero(first)
    return rows[starts], numpy.diff(numpy.append(starts, len(rows))).astype(float)


class Problem:
    """- ln likelihood per customer of BG/NBD (k = 0) or MBG/NBD (k = 1)"""

    def __init__(self, rows, k):
        rows, self.weight = grouped(rows)
        self.x, self.tx, self.t = rows.T
        self.scale = numpy.average(self.t, weights=self.weight)
        self.tx = self.tx / self.scale
        self.t = self.t / self.scale
        self.k = k
        self.leaves = (self.x > 0) | (k == 1)
        self.customers = self.weight.sum()
        # what does not depend on the parameters
        self.lost = (self.weight * self.x).sum() * numpy.log(self.scale)

    def value(self, logs):
        return self.evaluate(logs, False)[0]

    def value_and_gradient(self, logs):
        return self.evaluate(logs, True)

    def evaluate(self, logs, with_gradient):
        r, alpha, a, b = theta = numpy.exp(logs)
        x, k, w = self.x, self.k, self.weight
        ratio = numpy.log1p((self.t - self.tx) / (alpha + self.tx))
        rest = numpy.where(self.leaves, b + x - 1 + k, 1)
        u = numpy.where(self.leaves, numpy.log(a / rest) + (r + x) * ratio, -numpy.inf)
        ln = (gammaln(r + x) - gammaln(r) + r * numpy.log(alpha) - (r + x) * numpy.log(alpha + self.t)
              + gammaln(a + b) - gammaln(a + b + x + k) + gammaln(b + x + k) - gammaln(b) + numpy.logaddexp(0, u))
        total = -(w @ ln) / self.customers
        if not with_gradient:
            return total, None
        q = expit(u)
        d = 1 / (alpha + self.t) - 1 / (alpha + self.tx)
        ab = digamma(a + b) - digamma(a + b + x + k)
        gradient = numpy.array([
            w @ (digamma(r + x) - digamma(r) + numpy.log(alpha) - numpy.log(alpha + self.t) + q * ratio),
            w @ (r / alpha - (r + x) / (alpha + self.t) + q * (r + x) * d),
            w @ (ab + q / a),
            w @ (ab + digamma(b + x + k) - digamma(b) - numpy.where(self.leaves, q / rest, 0))])
        return total, -gradient * theta / self.customers

    def fit(self, method):
        start = numpy.zeros(4)
        if method == 'Nelder-Mead':
            found = minimize(self.value, start, method=method,
                             options={'maxiter': 4000, 'maxfev': 4000, 'xatol': 1e-6, 'fatol': 1e-12})
        elif method.endswith('gradient'):
            found = minimize(self.value_and_gradient, start, jac=True, method=method.split()[0], options={'gtol': 1e-9, 'maxiter': 1000})
        else:
            found = minimize(self.value, start, method=method, options={'gtol': 1e-6, 'maxiter': 1000})
        return -found.fun * self.customers - self.lost, found.nfev


rows = numpy.loadtxt(sys.argv[1], delimiter=',')
print(json.dumps({'id': 'ready'}), flush=True)
for line in sys.stdin:
    answer = {'id': 'answer'}
    try:
        request = json.loads(line)['sql']
        if request == 'version':
            answer['result'] = scipy.__version__
        else:
            model, method = request.split(', ')
            wall, cpu = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
            value, steps = Problem(rows, 1 if model == 'MBG/NBD' else 0).fit(method)
            answer['wall'] = 1000 * (time.perf_counter() - wall)
            used = resource.getrusage(resource.RUSAGE_SELF)
            answer['cpu'] = 1000 * (used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime)
            answer['result'] = '%.12g|%d' % (value, steps)
    except Exception as error:
        answer['error'] = repr(error)
    print(json.dumps(answer), flush=True)

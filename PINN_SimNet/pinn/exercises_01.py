"""Exercises and questions of 01_From_Data_to_Physics."""

import numpy as np

from utils.exercises import Book, Exercise, Question


def has_end_values(transform):
    """What is off with u(0) = 2 and u(1) = 5 for every n, where the network still decides what lies between."""
    for n in (7.0, 0.0, -3.0):
        for x, wanted in ((0.0, 2.0), (1.0, 5.0)):
            u = transform(x, n)
            if u.size != 1:
                return (
                    f"transform(x = {x:g}, n = {n:g}) has the shape {u.shape}, and one number is asked for."
                )
            if not np.isclose(u.item(), wanted, rtol=1e-6):
                return f"transform(x = {x:g}, n = {n:g}) is {u.item():.6g}, and {wanted:g} is asked for."
    between = np.array([[transform(x, n).item() for x in (0.2, 0.5, 0.8)] for n in (1.0, 2.0, -3.0)])
    if not np.all(np.isfinite(between)):
        return "Between the ends a value is not finite (nan or inf). Look for a division by zero."
    if np.any(np.isclose(between[0], between[1:]).any(axis=1)):
        return "Both ends are right, but between them your u does not change with n: the network could learn nothing."
    return None


EXERCISES = {
    "pinn-1a": Exercise(
        todo="Write exact_solution(x, length), the solution of u'' = 1 with u(0) = u(length) = 0.",
        reference=lambda x, length: x * (x - length) / 2,
        arguments=[(np.array([0.0, 0.3, 1.2]), 1.5), (0.5, 1.0)],
        mistakes=[
            (lambda x, length: x * (x - 1) / 2, "That vanishes at 1, whatever the length is."),
            (lambda x, length: x * (length - x) / 2, "Its second derivative is -1: the sign is turned."),
        ],
    ),
    "pinn-1b": Exercise(
        todo="Write transform(x, n) with the value 2 at x = 0 and 5 at x = 1 for every n.",
        reference=lambda x, n: 2 + 3 * x + x * (1 - x) * n,
        arguments=[(0.0, 7.0), (1.0, -3.0), (0.5, 4.0)],
        property=has_end_values,
        mistakes=[
            (lambda x, n: x * (1 - x) * n, "That vanishes at both ends. Add the line through both values."),
            (
                lambda x, n: 2 + 3 * x + n,
                "The network still moves the ends: multiply it by what vanishes there.",
            ),
            (lambda x, n: 2 + 5 * x + x * (1 - x) * n, "At x = 1 this is 7: the line must climb by 3."),
        ],
    ),
    "pinn-1c": Exercise(
        todo="Give the number of weights and biases of a network with 1 input, two layers of 20 neurons and 1 output.",
        reference=481,
        mistakes=[
            (440, "Those are the weights. Each neuron and the output have a bias too."),
            (480, "Nearly: the output has a bias as well."),
            (61, "Every neuron of the second layer reads all 20 of the first: that alone is 400 weights."),
            (101, "Every neuron of the second layer reads all 20 of the first: that alone is 400 weights."),
        ],
    ),
    "pinn-1d": Exercise(
        todo="Write amplification(wavelength), by which a ripple grows when it is differentiated twice.",
        reference=lambda wavelength: (2 * np.pi / wavelength) ** 2,
        arguments=[(0.5,), (0.05,)],
        mistakes=[
            (lambda wavelength: 2 * np.pi / wavelength, "That is one derivative; two are needed."),
            (lambda wavelength: 1 / wavelength**2, "The factor 2 pi of the sine is missing."),
        ],
    ),
}

QUESTIONS = {
    "pinn-1-relu": Question(
        "The curve of a ReLU network is made of straight pieces. Why can it not satisfy u'' = 1, however wide it is?",
        {
            "A": "It has too few neurons.",
            "B": "Its second derivative is zero wherever it exists, so u'' - 1 stays at -1.",
            "C": "Its outputs cannot be negative.",
            "D": "Adam needs a smaller learning rate.",
        },
        "B",
        {
            "A": "More neurons make more straight pieces, and each is still straight.",
            "B": "The equation is asked for at points, and at no point does the curve bend.",
            "C": "The output layer is linear and may be negative.",
            "D": "The gradient of the equation's term is exactly zero: no rate helps.",
        },
    ),
    "pinn-1-tool": Question(
        "For which of these tasks is a PINN the better choice than a classical solver?",
        {
            "A": "One linear boundary value problem on an interval.",
            "B": "A heat equation on a square, to machine precision, as fast as possible.",
            "C": "A flow with unknown viscosity, measured at scattered points.",
        },
        "C",
        {
            "A": "One least-squares solve or a finite-element code does it in milliseconds.",
            "B": "Spectral and finite-element methods are hard to beat there.",
            "C": "Unknown coefficients and scattered data enter the loss like any other term.",
        },
    ),
}

BOOK = Book(EXERCISES, QUESTIONS)
check, quiz = BOOK.check, BOOK.quiz

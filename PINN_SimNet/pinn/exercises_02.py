"""Exercises and questions of 02_Composite_Bar."""

from utils.exercises import Book, Exercise, Question

EXERCISES = {
    "pinn-2a": Exercise(
        todo="Write interface_temperature(d1, d2) for end temperatures 0 and 1.",
        reference=lambda d1, d2: d2 / (d1 + d2),
        arguments=[(10.0, 0.1), (2.0, 3.0)],
        mistakes=[
            (
                lambda d1, d2: d1 / (d1 + d2),
                "The left half is next to the cold end: a good conductor there keeps T low.",
            ),
            (lambda d1, d2: 0.5, "That holds only for equal materials."),
        ],
    ),
    "pinn-2b": Exercise(
        todo="Give the flux in degrees per unit length for D1 = 5 and D2 = 0.1.",
        reference=50 / 5.1,
        mistakes=[
            (0.5 / 5.1, "That is in units of 100 degrees."),
            (10 / 5.1, "That is the interface temperature; multiply by D1."),
            (1000 / 10.1, "That is the gradient of the right half for D1 = 10."),
        ],
    ),
    "pinn-2c": Exercise(
        todo="Write sensitivity(d), the derivative of 0.1 / (d + 0.1).",
        reference=lambda d: -0.1 / (d + 0.1) ** 2,
        arguments=[(5.0,), (25.0,)],
        rtol=1e-5,
        atol=1e-12,
        mistakes=[
            (
                lambda d: 0.1 / (d + 0.1) ** 2,
                "A better conductor on the cold side lowers T: the sign is turned.",
            ),
            (lambda d: -0.1 / (d + 0.1), "The denominator must be squared."),
            (lambda d: -1 / (d + 0.1) ** 2, "The numerator 0.1 is missing."),
        ],
    ),
}

QUESTIONS = {
    "pinn-2-flux": Question(
        "A colleague monitors two 'fluxes' at the interface, 0.990 on the left and 99.0 on the right. What happened?",
        {
            "A": "The training has not converged.",
            "B": "The gradients were printed, without the factor D.",
            "C": "Heat is lost at the interface.",
        },
        "B",
        {
            "A": "The two numbers are exactly the gradients of the right solution.",
            "B": "With D = 10 and D = 0.1 both become 9.90.",
            "C": "The steady equation has no sink: what enters the interface leaves it.",
        },
    ),
    "pinn-2-range": Question(
        "A network for all D in [5, 25] has an error of 1e-7 at D = 10. What do you know about D = 25?",
        {
            "A": "The error is about the same.",
            "B": "Nothing, until it is checked there.",
            "C": "The error is zero at the ends of the range.",
        },
        "B",
        {
            "A": "Often it is larger at the ends: there are points on one side only.",
            "B": "So the whole range is validated, and the worst error is given.",
            "C": "The ends are the hardest values, not the easiest.",
        },
    ),
}

BOOK = Book(EXERCISES, QUESTIONS)
check, quiz = BOOK.check, BOOK.quiz

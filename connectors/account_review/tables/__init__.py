"""The tables of a review, the same in the deck and in the written plan; texts are as they were written."""

/** What becomes of messages while the decision log cannot be written. */
export const ON_FAILURE = ['Refuse', 'Continue'] as const;

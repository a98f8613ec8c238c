/** 313 thinking tokens by themselves */
export const LONG = { question: '12^2 + 345*7 - 2^9 + 678*3 - 19^2 + 4^5 = ?', answer: '4744' };
/** 92 */
export const SHORT = { question: '2^10 + 3^5 - 4^3 = ?', answer: '1203' };

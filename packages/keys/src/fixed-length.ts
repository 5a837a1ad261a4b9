import { hash } from 'node:crypto'

/**
 * An id of fixed length in place of a text that strangers may have written as long as they liked: its SHA-256, a
 * character for each byte.
 */
export const fixedLengthId = (text: string): string => hash('sha256', text, 'binary')

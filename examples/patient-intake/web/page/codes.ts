import { h } from './dom.ts'

/** A text in which codes such as `ERR_DECRYPT_FAILED` break at their underscores, and nowhere else. */
export const withCodes = (text: string): (Node | string)[] =>
  text.split(/(?<=[A-Z]_)(?=[A-Z])/).flatMap((part, at) => (at === 0 ? [part] : [h('wbr'), part]))

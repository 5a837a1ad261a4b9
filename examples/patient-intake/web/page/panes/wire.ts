import type { AnswerSeen } from '../../protocol.ts'
import { type Account, parsed } from '../account.ts'
import { h, kilobytes } from '../dom.ts'
import { isMembers } from '../fields.ts'
import { changedNote, tree } from '../tree.ts'
import { headerLines, removedLine } from './headers.ts'
import { raw, section } from './parts.ts'

/** The session's keys are what the rest stands on. */
const keysFirst = (body: unknown): unknown =>
  isMembers(body) && body.$jwe !== undefined ? { $jwe: body.$jwe, ...body } : body

const bodyView = (text: string | undefined, changed: readonly string[]): HTMLElement[] => {
  if (!text) return []
  const body = parsed(text)
  if (!isMembers(body)) return [h('pre', {}, text)]
  const cut = changed
    .filter((place) => /^\/[$\w]+$/.test(place))
    .map((pointer) => pointer.slice(1))
    .filter((name) => body[name] === undefined)
  return [...cut.map(removedLine), tree(keysFirst(body), { changed }), raw('The body as sent', text)]
}

const answerView = ({ status, headers, body, bytes, changed }: AnswerSeen): HTMLElement =>
  section(`Answer ${status}`, kilobytes(bytes), headerLines(headers), ...bodyView(body, changed))

const changedPath = (path: string): HTMLElement =>
  h(
    'div',
    { class: 'line changed' },
    h('span', { class: 'key' }, 'path'),
    h('span', { class: 'value' }, path),
    changedNote(),
  )

export const wire = ({ wire: request, answer }: Account): readonly HTMLElement[] | undefined => {
  if (!request) return undefined
  const { method, path, headers, body, bytes, changed } = request
  return [
    section(
      `${method} ${path}`,
      kilobytes(bytes),
      ...(changed.includes('path') ? [changedPath(path)] : []),
      headerLines(headers, changed),
      ...bodyView(body, changed),
    ),
    ...(answer ? [answerView(answer)] : []),
  ]
}

// A value as lines of indented JSON, each line marked with the field it belongs to.
import { withCodes } from './codes.ts'
import { h, icon } from './dom.ts'
import { fieldAt, isMembers, related } from './fields.ts'
import { lookOf, notes, sealedText } from './sealed.ts'
import { tokenView } from './token.ts'

/** How to show a value. */
export interface TreeOptions {
  /** Where the patient is in the value; fields are below it. Default: the root. */
  readonly base?: string
  /** Places that were changed. */
  readonly changed?: readonly string[]
}

export const tree = (value: unknown, options: TreeOptions = {}): HTMLElement =>
  h('div', { class: 'tree' }, ...lines(value, '', 0, options))

const lines = (value: unknown, pointer: string, depth: number, options: TreeOptions): HTMLElement[] => {
  if (!isBranch(value) || isWhole(value, pointer, options)) return [line(value, pointer, depth, options)]
  const members = Object.entries(value).flatMap(([name, member]) =>
    lines(member, `${pointer}/${name}`, pointer === '' ? depth : depth + 1, options),
  )
  return pointer === '' ? members : [head(pointer, depth), ...members]
}

const isBranch = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isMembers(value) && sealedText(value) === undefined

/** A declared field is one value, whatever it holds. */
const isWhole = (value: object, pointer: string, { base = '' }: TreeOptions): boolean =>
  Object.keys(value).length === 0 ||
  (pointer.startsWith(`${base}/`) && fieldAt(pointer.slice(base.length)).kind !== 'clear')

const keyOf = (pointer: string): string => pointer.slice(pointer.lastIndexOf('/') + 1)

const indented = (element: HTMLElement, depth: number): HTMLElement => {
  element.style.setProperty('--depth', String(depth))
  return element
}

const head = (pointer: string, depth: number): HTMLElement =>
  indented(h('div', { class: 'line branch' }, h('span', { class: 'key' }, keyOf(pointer))), depth)

const line = (value: unknown, pointer: string, depth: number, options: TreeOptions): HTMLElement => {
  const { base = '', changed = [] } = options
  const field = pointer.startsWith(`${base}/`) ? fieldAt(pointer.slice(base.length)) : undefined
  const isChanged = changed.some((place) => related(place, pointer))
  const look = lookOf(value)
  const element = h(
    'div',
    {
      class: `line ${isChanged ? 'changed' : ''}`,
      'data-look': look,
      'data-kind': field?.kind,
      'data-field': field?.at,
    },
    h('span', { class: 'key' }, keyOf(pointer)),
    look === 'sealed' ? tokenView(value, keyOf(pointer)) : plainView(value, look),
    isChanged ? changedNote() : noteOf(keyOf(pointer)),
  )
  return indented(element, depth)
}

export const changedNote = (): HTMLElement => h('span', { class: 'changed-note' }, icon('mask'), 'changed')

/** What a member that is no field is there for. */
export const noteOf = (name: string): HTMLElement | undefined =>
  notes[name] === undefined ? undefined : h('span', { class: 'note' }, notes[name])

const plainView = (value: unknown, look: string): HTMLElement =>
  h(
    'span',
    { class: `value ${look}` },
    ...withCodes(typeof value === 'string' ? value : JSON.stringify(value)),
  )

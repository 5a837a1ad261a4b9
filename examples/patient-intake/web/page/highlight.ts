// What the pointer or the focus is on is shown wherever the same field is.
import { related } from './fields.ts'

let current: string | undefined

const show = (field: string | undefined): void => {
  if (field === current) return
  current = field
  for (const element of document.querySelectorAll<HTMLElement>('[data-field]'))
    element.classList.toggle('lit', field !== undefined && related(field, element.dataset.field!))
}

const fieldOf = (target: EventTarget | null): string | undefined =>
  target instanceof Element ? target.closest<HTMLElement>('[data-field]')?.dataset.field : undefined

export const followPointer = (): void => {
  for (const type of ['pointerover', 'focusin'] as const)
    document.addEventListener(type, ({ target }) => show(fieldOf(target)))
  document.addEventListener('pointerleave', () => show(undefined))
  document.addEventListener('focusout', () => show(undefined))
}

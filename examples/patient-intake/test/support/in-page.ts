// What tests ask the page itself: scripts that run in the browser.

/** Breaches of WCAG 2.1 AA, and whatever axe could not decide. */
export const audit = `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }).then(
  ({ violations, incomplete }) =>
    [...violations, ...incomplete].flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ': ' + target)),
)`

/** What sticks out of its card, is cut, or scrolls within the page; and codes that break within a word. */
export const misfits = `(() => {
  const found = []
  const note = (what, element) => found.push(what + ': ' + element.tagName + ' ' + element.textContent.slice(0, 40))
  for (const card of document.querySelectorAll('.top, .card, .actions, footer')) {
    const box = card.getBoundingClientRect()
    for (const element of card.querySelectorAll('*:not(svg, svg *, .only-read, .segments input)')) {
      const { left, right, width } = element.getBoundingClientRect()
      if (width > 0 && (right > box.right + 0.5 || left < box.left - 0.5)) note('out of its card', element)
    }
  }
  for (const element of document.querySelectorAll('main *:not(input, select, svg, svg *, .only-read, .parts, .parts *)')) {
    const { overflowX, overflowY } = getComputedStyle(element)
    const isWide = element.clientWidth > 0 && element.scrollWidth > element.clientWidth
    const isHigh = element.scrollHeight > element.clientHeight + 1
    if (/auto|scroll/.test(overflowX + overflowY) && (isWide || isHigh)) note('scrolls', element)
    if (element.matches('th, button') && isWide) note('too wide', element)
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const text = texts.currentNode
    // JSON as it was written may break anywhere.
    if (!/^[^{]*ERR_/.test(text.parentElement.textContent)) continue
    for (const { index, 0: word } of text.data.matchAll(/[A-Z]{3,}_?/g)) {
      const range = document.createRange()
      range.setStart(text, index)
      range.setEnd(text, index + word.length)
      if (range.getClientRects().length > 1) note('broken', text.parentElement)
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push('the page scrolls sideways')
  return found
})()`

/** What the focus is on. */
export interface Focused {
  /** The part of the page; `''` for none. */
  readonly part: string
  /** What has it, for those who read a failure. */
  readonly text: string
  /** Nothing is in front of it. */
  readonly isInSight: boolean
  readonly isMarked: boolean
}

export const focused = `(() => {
  const element = document.activeElement
  if (element === document.body) return { part: '' }
  const { id, dataset } = element.closest('[data-pane], #attacks, #verdict, form') ?? element
  const shown = element.matches('.segments input') ? element.nextElementSibling : element
  const { left, top, width, height } = shown.getClientRects()[0]
  const front = document.elementFromPoint(left + width / 2, top + height / 2)
  return {
    part: dataset.pane ?? (id || element.className),
    text: element.textContent || element.id,
    isInSight: front !== null && (shown.contains(front) || front.contains(shown)),
    isMarked: getComputedStyle(shown).outlineStyle !== 'none',
  }
})()`

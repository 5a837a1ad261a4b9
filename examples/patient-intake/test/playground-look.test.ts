// How the playground looks and is used: at three widths, light and dark, by the keyboard, with long texts.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { inChromium } from '@glassine/browser'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { audit, type Focused, focused, misfits } from './support/in-page.ts'
import { type OpenPlayground, openPlayground } from './support/playground.ts'

const require = createRequire(import.meta.url)
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

const widths = [1440, 1280, 390] as const
const heights = { 1440: 900, 1280: 720, 390: 844 }
const looks = (['light', 'dark'] as const).flatMap((scheme) =>
  widths.map((width) => [scheme, width] as const),
)

inChromium((executable) => {
  let open: OpenPlayground
  beforeAll(async () => {
    open = await openPlayground('look', executable, { viewport: { width: 1440, height: 900 } })
  })
  afterAll(() => open?.close())

  const show = async (scheme: 'light' | 'dark', width: (typeof widths)[number]): Promise<void> => {
    await open.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await open.page.setViewportSize({ width, height: heights[width] })
  }
  /** On a page so high that nothing is kept in sight above other things, where axe could not tell the background. */
  const audited = async (width: number): Promise<unknown> => {
    const height: number = await open.page.evaluate('document.documentElement.scrollHeight + 200')
    await open.page.setViewportSize({ width, height })
    try {
      await open.page.evaluate(axe)
      return await open.page.evaluate(audit)
    } finally {
      await open.page.setViewportSize({ width, height: heights[width as keyof typeof heights] })
    }
  }

  describe.each(looks)('%s, %i pixels wide', (scheme, width) => {
    beforeAll(async () => {
      await show(scheme, width)
      await open.load()
    })

    test('all that was sent fits, and axe finds nothing', async () => {
      await open.shot(`${scheme}-${width}`, false)
      await open.shot(`${scheme}-${width}-whole`)
      expect(await open.page.evaluate(misfits)).toEqual([])
      expect(await audited(width)).toEqual([])
    })

    test('so does everything that can be opened', async () => {
      await open.unfold()
      await open.page.evaluate('for (const token of document.querySelectorAll(".token")) token.click()')
      expect(await open.page.evaluate(misfits)).toEqual([])
      expect(await audited(width)).toEqual([])
    })

    test('so does an attack that was refused', async () => {
      await open.page.click('[data-attack=plaintext]')
      await open.travel('#send')
      await open.shot(`${scheme}-${width}-attack`)
      expect(await open.page.evaluate(misfits)).toEqual([])
      expect(await audited(width)).toEqual([])
    })
  })

  test('nothing scrolls sideways on the way from a wide screen to 320 pixels, which is 400 % of 1280', async () => {
    await open.load()
    for (const width of [1920, 1321, 1100, 981, 980, 768, 641, 480, 360, 320]) {
      await open.page.setViewportSize({ width, height: 800 })
      // The page draws its matrix anew when it learns of its width.
      await open.page.evaluate(
        'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
      )
      expect([width, await open.page.evaluate(misfits)]).toEqual([width, []])
    }
  })

  describe.each(widths)('%i pixels wide', (width) => {
    beforeAll(async () => {
      await show('light', width)
      await open.load()
    })

    test('the keyboard reaches everything in order, in sight and marked', async () => {
      const reached: Focused[] = []
      for (let part = 'begin'; part !== ''; part = reached.at(-1)!.part) {
        await open.page.keyboard.press('Tab')
        reached.push(await open.page.evaluate(focused))
      }
      reached.pop()
      expect(reached.filter(({ isMarked, isInSight }) => !isMarked || !isInSight)).toEqual([])
      const parts = reached.map(({ part }) => part).filter((part, at, all) => part !== all[at - 1])
      expect(parts).toEqual([
        ...['skip', 'form', 'send', 'read', 'verdict', 'attacks'],
        ...['wire', 'table', 'lambda', 'log', 'browser'].filter((pane) => parts.includes(pane)),
      ])
    })

    test('long texts fit too', async () => {
      const word = 'Donaudampfschiffahrtsgesellschaftskapitaen'
      const texts = {
        id: `p-${word}-${word}`,
        ssn: word.repeat(5),
        email: `${word.repeat(4)}@example.com`,
        phone: '0'.repeat(120),
        'address-country': word.repeat(2),
        'address-street': word.repeat(6),
        medications: Array.from({ length: 40 }, () => word).join(', '),
        allergies: word.repeat(3),
        'visits-0-note': `Complains of headaches. ${word} `.repeat(12),
      }
      for (const [name, text] of Object.entries(texts)) await open.page.fill(`#input-${name}`, text)
      for (const button of ['#send', '#read'] as const) {
        await open.travel(button)
        expect(await open.page.locator('#verdict').getAttribute('data-tone')).toBe('good')
        await open.unfold()
        await open.shot(`long${button.replace('#', '-')}-${width}`)
        expect(await open.page.evaluate(misfits)).toEqual([])
      }
    })
  })
})

// The playground as people use it: in a browser, against everything it starts. Each step leaves a screenshot in
// `.artifacts`, which is what a reviewer looks at.
import { rmSync } from 'node:fs'
import path from 'node:path'
import { type Browser, inChromium, startBrowser } from '@glassine/browser'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { patient, secrets } from '../demo/patient.ts'
import { attacks } from '../web/attacks.ts'
import { type Playground, startPlayground } from '../web/server.ts'

/** So high that everything is in sight. */
const desk = { width: 1440, height: 2880 }
const artifacts = path.resolve('examples/patient-intake/.artifacts')

inChromium((executable) => {
  let playground: Playground
  let browser: Browser
  let page: Page
  const foreign: string[] = []
  const complaints: string[] = []

  beforeAll(async () => {
    rmSync(artifacts, { recursive: true, force: true })
    playground = await startPlayground({
      port: 0,
      // Each time another module, as it would be another function.
      loadHandlers: () => {
        jest.resetModules()
        return import('../src/handler.ts')
      },
      conditions: ['@glassine/source'],
    })
    browser = await startBrowser(executable, {
      viewport: desk,
      reducedMotion: 'reduce',
    })
    page = browser.context.pages()[0]!
    page.setDefaultTimeout(5_000)
    page.on('request', (request) => {
      if (!request.url().startsWith(playground.origin)) foreign.push(request.url())
    })
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('console', (message) => {
      // A refusal is a failed request to the browser; everything else it says is ours to mend.
      if (message.type() === 'error' && !message.text().includes('the server responded with a status of'))
        complaints.push(message.text())
    })
    await page.goto(playground.origin)
  })
  afterAll(async () => {
    await browser?.close()
    await playground?.close()
  })

  const shot = (name: string) =>
    // A picture proves nothing, so that a busy machine may take its time for it.
    page.screenshot({ path: path.join(artifacts, `${name}.png`), fullPage: true, timeout: 30_000 })
  const pane = (name: string) => page.locator(`[data-pane=${name}]`)
  const textOf = (name: string) => pane(name).innerText()
  const line = (name: string, field: string) => pane(name).locator(`.line[data-field="${field}"]`).first()
  const cell = (party: string, field: string) =>
    page.locator(`#matrix tr:has(th:text-is("${party}")) td[data-field="${field}"]`).getAttribute('data-look')
  /** Where the panes begin on the page. */
  const top = () => page.evaluate('document.getElementById("panes").getBoundingClientRect().top + scrollY')
  const counter = (at: number) => page.locator('#counters dd').nth(at).innerText()
  const travel = async (button: '#send' | '#read') => {
    await page.click(button)
    await page.waitForSelector('body[data-state=rest]')
  }

  test('begins with everything explained and nothing sent', async () => {
    await shot('01-empty')
    expect(await page.locator('#verdict').innerText()).toContain('Nothing has been sent yet')
    for (const name of ['wire', 'lambda', 'table', 'log', 'browser'])
      expect(await pane(name).locator('.what').innerText()).not.toBe('')
    expect(await page.locator('footer').innerText()).toContain(
      'those who ship the page’s JavaScript can read everything',
    )
  })

  test('shows each party what it may see of a request', async () => {
    const before = await top()
    await page.fill('#input-ssn', '123-45-6789')
    await travel('#send')
    await shot('02-sent')
    expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('good')
    expect(await line('lambda', '/ssn').innerText()).toContain('123-45-6789')
    expect(await line('browser', '/ssn').innerText()).toContain('123-45-6789')
    await page.evaluate('for (const fold of document.querySelectorAll("details")) fold.open = true')
    for (const name of ['wire', 'table', 'log']) {
      const text = await textOf(name)
      for (const secret of ['123-45-6789', ...secrets]) expect(text).not.toContain(secret)
    }
    expect(await line('wire', '/ssn').getAttribute('data-look')).toBe('sealed')
    expect(await line('table', '/ssn').getAttribute('data-look')).toBe('sealed')
    expect(await line('log', '/ssn').innerText()).toContain('[redacted pii]')
    expect(await line('log', '/phone').innerText()).toContain('***0958')
    expect(await line('table', '/phone').innerText()).toContain(patient.phone)
    // Nothing has moved: panes are filled, not pushed.
    expect(await top()).toBe(before)
  })

  test('shows at a glance who can read what', async () => {
    const looks = await Promise.all(
      ['Your browser', 'The wire', 'The Lambda', 'The table', 'The log'].map((party) => cell(party, '/ssn')),
    )
    expect(looks).toEqual(['plain', 'sealed', 'plain', 'sealed', 'redacted'])
    expect(await cell('The log', '/phone')).toBe('masked')
    expect(await cell('The wire', '/id')).toBe('plain')
  })

  test('counts KMS calls: some when cold, none when warm', async () => {
    expect(Number.parseInt(await counter(0), 10)).toBeGreaterThan(0)
    await travel('#send')
    expect(await counter(0)).toMatch(/^0/)
    await shot('03-warm')
  })

  test('lights a field up wherever it is', async () => {
    await line('wire', '/email').hover()
    for (const name of ['wire', 'lambda', 'table', 'log', 'browser'])
      expect(await line(name, '/email').getAttribute('class')).toContain('lit')
    expect(await line('wire', '/ssn').getAttribute('class')).not.toContain('lit')
    await shot('04-lit')
  })

  test('opens a token to what anybody can read of it', async () => {
    const token = line('wire', '/ssn').locator('.token')
    await token.focus()
    await page.keyboard.press('Enter')
    expect(await token.getAttribute('aria-expanded')).toBe('true')
    await shot('05-token')
  })

  test('reads back', async () => {
    await travel('#read')
    await shot('06-read')
    expect(await line('browser', '/ssn').innerText()).toContain('123-45-6789')
    expect(await textOf('wire')).toContain('GET /patients/p-1024')
    expect(await line('table', '/ssn').getAttribute('data-look')).toBe('sealed')
  })

  describe('tampering', () => {
    test.each(attacks.map((attack) => [attack.title, attack] as const))(
      '%s: refused',
      async (_title, attack) => {
        const { name, on, changeAnswer, changeRow, handler } = attack
        await travel('#send')
        const before = await top()
        const toggle = page.locator(`[data-attack=${name}]`)
        await toggle.focus()
        await page.keyboard.press('Space')
        expect(await toggle.getAttribute('aria-checked')).toBe('true')
        await travel(on === 'read' ? '#read' : '#send')
        await shot(`attack-${name}`)
        expect(await top()).toBe(before)
        await toggle.click()
        expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('refused')
        expect(await toggle.locator('.result').getAttribute('data-held')).toBe('true')
        if (changeAnswer) return
        expect(await page.locator('#verdict').innerText()).toMatch(
          handler === 'echo' ? /^422 +The handler ran/ : /^(400|403|409|500) ERR_/,
        )
        const ran = { echo: 'They were taken out', draft: 'its write was refused' }
        const handlerRan = handler ? ran[handler] : changeRow && 'what it asked for was refused'
        expect(await textOf('lambda')).toContain(handlerRan ?? 'The handler did not run')
        expect(await pane('browser').locator('.refusal').count()).toBe(1)
      },
    )

    test('what a careless handler has read reaches no other party', async () => {
      await page.click('[data-attack=echo]')
      await travel('#send')
      expect(await textOf('lambda')).toContain('123-45-6789 is not insured')
      await page.evaluate('for (const fold of document.querySelectorAll("details")) fold.open = true')
      for (const name of ['wire', 'table', 'log', 'browser'])
        expect(await textOf(name)).not.toContain('123-45-6789')
      expect(await textOf('browser')).toContain('is not insured')
      await page.click('[data-attack=echo]')
    })

    test('leaves nothing in the unlisted table', async () => {
      await page.click('[data-attack=draft]')
      await travel('#send')
      expect(await page.locator('#journey li').nth(3).innerText()).toContain('has no such row')
      await page.click('[data-attack=draft]')
    })

    test('leaves the table as it was', async () => {
      await travel('#read')
      expect(await line('browser', '/phone').innerText()).toContain(patient.phone)
    })
  })

  describe('other ways to send', () => {
    const choose = (value: string) => page.click(`label:has(input[value=${value}])`)

    test('all in one: no field is in its place, and none can be swapped', async () => {
      await choose('bundle')
      await travel('#send')
      await shot('07-bundle')
      expect(await pane('wire').locator('.line[data-field="/ssn"]').count()).toBe(0)
      expect(await cell('The wire', '/ssn')).toBe('sealed')
      expect(await line('lambda', '/ssn').innerText()).toContain('123-45-6789')
      expect(await page.getAttribute('[data-attack=swap]', 'aria-disabled')).toBe('true')
      await travel('#read')
      expect(await line('browser', '/ssn').innerText()).toContain('123-45-6789')
    })

    test('all in one: what fits is refused as well', async () => {
      for (const name of ['bit', 'plaintext', 'replay']) {
        await page.click(`[data-attack=${name}]`)
        await travel('#send')
        expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('refused')
        await page.click(`[data-attack=${name}]`)
      }
    })

    test('a one-time key: the answer is a token within a token', async () => {
      await choose('field')
      await choose('forward-secret')
      await travel('#send')
      await pane('wire').locator('section').last().locator('.line[data-field="/ssn"] .token').click()
      await shot('08-forward-secret')
      expect(await textOf('wire')).toContain('JWE')
      expect(await line('browser', '/ssn').innerText()).toContain('123-45-6789')
      await choose('session')
    })

    test('another clinic: another binding, and a table of its own', async () => {
      await choose('clinic-b')
      await travel('#read')
      expect(await page.locator('#verdict').innerText()).toContain('There is no such patient in this clinic')
      await travel('#send')
      expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('good')
      await choose('clinic-a')
    })
  })

  test('sends by the keyboard alone', async () => {
    await page.focus('#input-ssn')
    await page.keyboard.press('Enter')
    await page.waitForSelector('body[data-state=rest]')
    expect(await page.locator('#verdict').getAttribute('data-tone')).toBe('good')
  })

  test.each(['dark', 'light'] as const)(
    'is drawn %s, on a desk, a projector and a phone',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      for (const [name, width, height] of [
        ['desk', 1440, 900],
        ['projector', 1920, 1080],
        ['phone', 390, 844],
      ] as const) {
        await page.setViewportSize({ width, height })
        await page.screenshot({
          path: path.join(artifacts, `look-${colorScheme}-${name}.png`),
          fullPage: name === 'phone',
        })
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      }
      await page.setViewportSize(desk)
    },
  )

  test('plays the way step by step where motion is welcome', async () => {
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    await page.click('#send')
    await page.waitForSelector('#journey li:nth-child(2)[data-state=done]')
    expect(await page.locator('#journey li:nth-child(4)').getAttribute('data-state')).toBe('idle')
    await page.waitForSelector('body[data-state=rest]')
    expect(await page.locator('#journey li:nth-child(4)').getAttribute('data-state')).toBe('done')
    await page.emulateMedia({ reducedMotion: 'reduce' })
  })

  test('loads nothing from elsewhere, and the browser has nothing to complain of', () => {
    expect(foreign).toEqual([])
    expect(complaints).toEqual([])
  })
})

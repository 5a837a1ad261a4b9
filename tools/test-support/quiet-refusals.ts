import { format } from 'node:util'

/*
 * A setup file of Jest. The middlewares' default of `onRefused` writes one line on stderr for each refusal, and tests
 * refuse thousands of requests on purpose: those lines are left out. `GLASSINE_REFUSALS=1 npm test -- FILE` shows them.
 */
if (!process.env.GLASSINE_REFUSALS) {
  const error = console.error.bind(console)
  console.error = (...parts: unknown[]) => {
    if (!format(...parts).startsWith('{"level":"WARN","message":"Glassine refused"')) error(...parts)
  }
}

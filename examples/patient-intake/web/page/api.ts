import { createClient } from '@glassine/client'
import { Model } from '@glassine/core'
import { Patient } from '../../src/model.ts'
import type { Settings } from './settings.ts'

/** The same fields, declared by another model. */
@Model('visitor')
class Visitor extends Patient {}

/** A client of the library as an app has it, for its own model or another; a session begins with the first request. */
export const createApi = ({ clinic, shape, response }: Settings, fields: new () => Patient = Patient) =>
  createClient({
    baseUrl: location.origin,
    fields,
    bind: { tenant: clinic },
    shape,
    response: { mode: response },
  })

/** A client that seals for the other model. */
export const createVisitorApi = (settings: Settings) => createApi(settings, Visitor)

export type Api = ReturnType<typeof createApi>

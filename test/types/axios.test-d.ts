import axios from 'axios'
import olderAxios from 'axios-1.20'
import { expectTypeOf } from 'vitest'
import { install, type OrgidAuth } from '../../src/index.js'
import { attachAuth, type Detach } from '../../src/transports/axios.js'

declare const auth: OrgidAuth

expectTypeOf(attachAuth(axios.create(), auth)).toEqualTypeOf<Detach>()
expectTypeOf(attachAuth([axios, axios.create()], auth)).toEqualTypeOf<Detach>()

// instances of another copy, and that copy
expectTypeOf(attachAuth(olderAxios.create(), auth, { axios: olderAxios })).toEqualTypeOf<Detach>()
expectTypeOf(install(auth, { axios: [axios, olderAxios.create()] })).toEqualTypeOf<() => void>()

// @ts-expect-error an instance is not a package
attachAuth(axios.create(), auth, { axios: axios.create() })
// @ts-expect-error not an instance
attachAuth({}, auth)

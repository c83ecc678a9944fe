/** What test files import as `vitest` when mutants are tried: its runner and its matchers, without its processes. */
import { chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect'

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, test } from '@vitest/runner'

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)

export const expect = chai.expect

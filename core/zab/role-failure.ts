/**
 * The role on this server cannot go on: the link ended, the other side broke the protocol, or there is no quorum any more.
 * Expected; the server looks for a leader again.
 */
export class RoleFailure extends Error {
  override readonly name = 'RoleFailure';
}

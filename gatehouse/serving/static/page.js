// The pages for setting up, taking a link and signing in, until there is a console. Addresses are relative, so that
// Gatehouse may stand under a path. What stands behind the # of a link is a code: browsers don't send it, and it is
// taken out of the address at once.

const find = (selector) => document.querySelector(selector);
const form = find("form");
const words = find("[data-words]");
const after = find("[data-after]");
const trouble = find(".error[role=alert]");
const page = document.body.dataset.page;
const code = location.hash.slice(1) || remembered();
if (location.hash) history.replaceState(null, "", location.pathname + location.search);

// A provider sends the browser back without what stood behind the #: this tab keeps it meanwhile.
function remembered() {
  const kept = page === "invite" ? sessionStorage.getItem("code") : null;
  if (kept) sessionStorage.removeItem("code");
  return kept ?? "";
}

async function call(method, path, body, token) {
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token) headers["x-csrf-token"] = token;
  const content = body === undefined ? undefined : JSON.stringify(body);
  const answer = await fetch(`api/v1${path}`, { method, headers, body: content, credentials: "same-origin" });
  const text = await answer.text();
  const value = text ? JSON.parse(text) : {};
  if (!answer.ok) throw new Error([value.detail, value.hint].filter(Boolean).join(" ") || `Status ${answer.status}`);
  return value;
}

function say(element, text) {
  element.textContent = text;
  element.hidden = !text;
}

function complain(error) {
  const lost = error instanceof TypeError || error instanceof SyntaxError;
  say(trouble, lost ? "Gatehouse can't be reached. Try again." : error.message);
}

function link(text, to) {
  const made = document.createElement("a");
  made.textContent = text;
  made.href = to;
  return made;
}

function goOn(...parts) {
  after.replaceChildren(...parts);
  after.hidden = false;
}

// Where to go after signing in: an address of our own, or nowhere.
function next() {
  const wanted = new URLSearchParams(location.search).get("next");
  if (!wanted) return null;
  const url = new URL(wanted, location.href);
  return url.origin === location.origin ? url : null;
}

function finished(signedIn) {
  const to = next();
  if (to) {
    to.hash = code || to.hash;
    location.replace(to);
    return;
  }
  form.remove();
  find("[data-join]")?.remove();
  find(".ways")?.remove();
  say(trouble, "");
  say(words, `You are signed in as ${signedIn.user.email}.`);
  after.hidden = true;
  find("h1").textContent = "Signed in";
  find("h1").tabIndex = -1;
  find("h1").focus();
  offerLeaving(signedIn.csrf_token);
}

function offerLeaving(token) {
  const leave = find("[data-leave]");
  if (!leave) return;
  leave.hidden = false;
  leave.onclick = () => busy(leave, async () => {
    await call("POST", "/auth/logout", undefined, token);
    location.replace("sign-in");
  });
}

async function busy(button, work) {
  button.disabled = true;
  say(trouble, "");
  try {
    await work();
  } catch (error) {
    complain(error);
  } finally {
    button.disabled = false;
  }
}

function onSubmit(work) {
  form.hidden = false;
  form.onsubmit = (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(form));
    busy(form.querySelector("button"), async () => finished(await work(values)));
  };
  form.querySelector("input:not([readonly]):not([hidden])")?.focus();
}

async function whoIsHere() {
  try {
    const here = await call("GET", "/auth/session");
    return here.kind === "user" ? here : null;
  } catch {
    return null;
  }
}

async function setUp() {
  const ways = await call("GET", "/auth/methods");
  if (!ways.setup_needed) {
    say(words, "The set-up is done: there is a user already.");
    goOn(link("Sign in", "sign-in"));
  } else if (!code) {
    say(words, "This page needs the whole link, with what stands behind its #. `gatehouse up` prints it when it starts.");
  } else {
    onSubmit((values) => call("POST", "/auth/setup", { code, ...values }));
  }
}

// Password managers look for the address beside the password.
function isFor(email) {
  form.elements.email.value = email;
  form.elements.email.readOnly = true;
}

function describe(invitation) {
  const by = invitation.invited_by ? `${invitation.invited_by} invites you` : "You are invited";
  const where = invitation.team ? ` to team ${invitation.team}` : " to Gatehouse";
  return `${by}${where}${invitation.role ? `, as ${invitation.role}` : ""}.`;
}

async function takeLink() {
  if (!code) {
    say(words, "This page needs the whole link that you were given, with what stands behind its #.");
    return;
  }
  say(words, "");
  const invitation = await call("POST", "/auth/invitation", { code });
  if (invitation.kind === "password") {
    find("h1").textContent = "Set a new password";
    say(words, `For ${invitation.email}. Whoever is signed in with the old one will be signed out.`);
    isFor(invitation.email);
    form.elements.name.closest("label").remove();
    onSubmit((values) => call("POST", "/auth/invitation/accept", { code, ...values }));
    return;
  }
  say(words, describe(invitation));
  const here = await whoIsHere();
  if (here) offerJoining(here);
  else offerAccount(invitation);
}

function offerJoining(here) {
  const join = find("[data-join]");
  say(join, `Accept as ${here.user.email}`);
  join.onclick = () => busy(join, async () => {
    await call("POST", "/invitations/accept", { code }, here.csrf_token);
    finished(here);
  });
}

function offerAccount(invitation) {
  if (invitation.email) isFor(invitation.email);
  onSubmit((values) => call("POST", "/auth/invitation/accept", { code, ...values }));
  const here = encodeURIComponent(location.pathname);
  goOn("Have you got an account already? ", link("Sign in with it", `sign-in?next=${here}#${code}`), ".");
}

async function signIn() {
  const ways = await call("GET", "/auth/methods");
  const reason = new URLSearchParams(location.search).get("error");
  if (reason) say(trouble, ways.errors[reason] ?? "That sign-in did not succeed. Try again.");
  const here = reason ? null : await whoIsHere();
  if (here) return finished(here);
  offerProviders(ways);
  if (ways.passwords) onSubmit((values) => call("POST", "/auth/login", values));
  if (ways.setup_needed) say(words, "Nobody has an account yet. `gatehouse up` prints the link that makes the first one.");
  else if (!ways.passwords && !ways.providers.length) say(words, "There is no way in for people here yet.");
}

function offerProviders(ways) {
  const to = next();
  for (const provider of ways.providers) {
    const way = link(`Continue with ${provider.name}`, provider.start);
    way.className = "way";
    way.onclick = () => code && sessionStorage.setItem("code", code);
    if (to) way.href += `?next=${encodeURIComponent(to.pathname + to.search)}`;
    find(".ways").append(way);
  }
}

const pages = { setup: setUp, invite: takeLink, "sign-in": signIn };
pages[page]().catch(complain);

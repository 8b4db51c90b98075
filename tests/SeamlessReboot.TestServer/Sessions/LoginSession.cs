namespace SeamlessReboot.TestServer.Sessions;

/// <summary>Asks for a name and a password ("secret"); "who" then names everyone inside.</summary>
internal sealed class LoginSession(Server server, SessionConnection connection, LoginState state)
    : RebootSession<LoginState>(connection, state)
{
    protected override async Task RunAsync()
    {
        if (!State.IsGreeted)
        {
            State.IsGreeted = true;
            await Connection.WriteAsync("name: ");
        }

        while (await Connection.ReadLineAsync() is string line)
            await Connection.WriteAsync(Answer(line));
    }

    private string Answer(string line)
    {
        if (State.Name is null)
        {
            State.Name = line;
            return "password: ";
        }

        if (!State.IsLoggedIn)
        {
            State.IsLoggedIn = line == "secret";
            State.Name = State.IsLoggedIn ? State.Name : null;
            return State.IsLoggedIn ? $"welcome {State.Name}\n" : "wrong\nname: ";
        }

        return line == "who" ? $"inside: {Inside()}\n" : "what?\n";
    }

    private string Inside() =>
        string.Join(",", server.Rebooter.GetSessions().OfType<LoginSession>().Where(s => s.State.IsLoggedIn).Select(s => s.State.Name));
}

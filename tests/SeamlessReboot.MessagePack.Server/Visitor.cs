using SeamlessReboot;

namespace MessagePackServer;

/// <summary>The first line is a name; each further one is counted and answered.</summary>
internal sealed class Visitor(SessionConnection connection, VisitorState state, Func<GuestBook> book)
    : RebootSession<VisitorState>(connection, state)
{
    protected override async Task RunAsync()
    {
        while (await Connection.ReadLineAsync() is string line)
        {
            if (State.Name is null)
            {
                State.Name = line;
                await Connection.WriteAsync($"welcome {line}, visitor {book().Sign(line)}\n");
                continue;
            }

            State.Said.Add(line);
            await Connection.WriteAsync($"{State.Name} {State.Said.Count} {line}\n");
        }
    }
}

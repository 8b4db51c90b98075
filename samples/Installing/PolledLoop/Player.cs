using SeamlessReboot;

namespace PolledLoop;

/// <summary>One client: its login is awaited here, and from then on the game loop polls its connection.</summary>
// snippet: player
internal sealed class Player(Game game, SessionConnection connection, PlayerState state) : RebootSession<PlayerState>(connection, state)
{
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected override async Task RunAsync()
    {
        if (!State.Greeted)
        {
            State.Greeted = true;
            await Connection.WriteAsync("Your name?\r\n");
        }

        while (State.Name is null)
        {
            if (await Connection.ReadLineAsync() is not string name)
                return;
            State.Name = name;
            await Connection.WriteAsync($"Hello {name}.\r\n");
        }

        game.Join(this);
        await _left.Task.WaitAsync(Suspending); // the loop reads now; a suspended session leaves this and begins anew
    }

    public void Leave() => _left.TrySetResult();
}
// end snippet

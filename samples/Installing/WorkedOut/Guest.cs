using System.Text;
using SeamlessReboot;

namespace WorkedOut;

/// <summary>Answers each line with name and count. "reboot" tells everyone and reboots.</summary>
// snippet: capture
internal sealed class Guest : RebootSession<GuestState>
{
    private readonly Rebooter _rebooter;
    private readonly World _world;
    private readonly WorldThread _thread;
    private readonly Journal _journal;
    private readonly Avatar _avatar; // what the game has always worked with

    public Guest(Rebooter rebooter, World world, WorldThread thread, Journal journal, SessionConnection connection, GuestState state)
        : base(connection, state)
    {
        (_rebooter, _world, _thread, _journal) = (rebooter, world, thread, journal);
        _avatar = new Avatar { Name = state.Name, Count = state.Count };
    }

    // Called when everything stands still: the state is made from the avatar as it is then.
    protected override GuestState CaptureState() => new() { Name = _avatar.Name, Count = _avatar.Count };
    // end snippet

    // snippet: act
    protected override async Task RunAsync()
    {
        while (await Connection.ReadLineAsync() is string line)
        {
            if (_avatar.Name is null)
                _avatar.Name = line;
            else if (line == "reboot")
                TellAllAndReboot();
            else
                await _thread.RunAsync(() => Act(line)); // the game's thread: one command after the other
        }
    }
    // end snippet

    private void Act(string line)
    {
        _avatar.Count++;
        _journal.Add(line);
        Connection.TryWrite(Encoding.UTF8.GetBytes($"{_avatar.Name} {_avatar.Count} {_world.State.Ticks}: {line}\r\n"));
    }

    // snippet: reboot
    private void TellAllAndReboot()
    {
        byte[] warning = Encoding.UTF8.GetBytes("The server reboots. Stay where you are.\r\n");
        foreach (Guest guest in _rebooter.GetSessions().OfType<Guest>())
            guest.Connection.TryWrite(warning);
        if (!_rebooter.RequestReboot($"asked for by {_avatar.Name}"))
            Connection.TryWrite(Encoding.UTF8.GetBytes("Not now. The log says why.\r\n"));
    }
    // end snippet
}

using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Unhandled exceptions on two threads at once.</summary>
internal sealed class CrashTwiceCommand : ICommand
{
    public string Name => "crash-twice";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        Barrier both = new(2);
        for (int i = 0; i < 2; i++)
        {
            new Thread(() =>
            {
                both.SignalAndWait();
                throw new InvalidOperationException("The application has crashed.");
            }).UnsafeStart();
        }

        return ValueTask.FromResult<string?>("crashing");
    }
}

using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>The application has caught a failure and asks for the reboot that a crash would have got.</summary>
internal sealed class RebootAfterCommand : ICommand
{
    public string Name => "reboot-after";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        if (argument == "culprit")
            server.Rebooter.RebootAfter(new InvalidOperationException("Caught."), session);
        else
            new Thread(() => server.Rebooter.RebootAfter(new InvalidOperationException("Caught."))).UnsafeStart();
        return ValueTask.FromResult<string?>("asked");
    }
}

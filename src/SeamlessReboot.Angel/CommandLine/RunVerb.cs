using System.CommandLine;
using SeamlessReboot.Angel.Daemon;
using SeamlessReboot.Angel.Discovery;
using SeamlessReboot.Angel.SelfReboot;

namespace SeamlessReboot.Angel.CommandLine;

/// <summary>"run": who we are to be, in the foreground or as a daemon, and then the angel itself.</summary>
internal static class RunVerb
{
    internal static async Task<int> RunAsync(RunOptions options, ParseResult parsed, TextWriter output, TextWriter errors)
    {
        // First of all, before anything can be started that would inherit them.
        Handover? handover = Handover.Take();
        using StarterPipe? starter = StarterPipe.Take();
        try
        {
            User user = WhoToBe(parsed.GetValue(options.User), parsed.GetValue(options.RequireUser));
            AngelOptions read = RunOptionsReader.Read(options, parsed, user);
            if (handover is not null)
                read = read with { RuntimeDirectory = handover.RuntimeDirectory };
            if (read.Daemon)
                read = read with { LogFile = read.LogFile ?? Path.Combine(read.RuntimeDirectory, RuntimeDirectory.LogFile) };
            if (read.Daemon && starter is null && handover is null)
                return await Detach.RunAsync(read, output, errors).ConfigureAwait(false);

            using AngelResources resources = AngelResources.Prepare(read, user, handover, starter);
            return Angel.Run(read, resources.Host);
        }
        catch (AngelException e) when (starter is not null)
        {
            // The person is at the other end of the pipe, and not at this process's stderr.
            starter.Failed(e.ExitCode, string.Join('\n', e.Message.Split('\n').Select(l => "seamless-angel: " + l)));
            return e.ExitCode;
        }
        catch (Exception e) when (starter is not null)
        {
            starter.Failed(ExitCodes.SystemTrouble, $"seamless-angel: {e}");
            throw;
        }
    }

    /// <exception cref="AngelException">There is no such user, or this process cannot become it.</exception>
    private static User WhoToBe(string? login, string? required)
    {
        User current = User.Current(), user = current;
        if (login is not null)
        {
            user = User.Find(login) ?? throw new AngelException(ExitCodes.Usage, $"--user: this system has no user '{login}'. \"getent passwd\" lists them.");
            if (current.Id != 0 && current.Id != user.Id)
                throw new AngelException(ExitCodes.Usage, $"--user {login}: only root can switch to another user, and this is '{current.Login}'. Start the angel as root, or as '{login}' without --user.");
        }

        if (required is not null)
        {
            User wanted = User.Find(required) ?? throw new AngelException(ExitCodes.Usage, $"--require-user: this system has no user '{required}'. \"getent passwd\" lists them.");
            if (wanted.Id != user.Id)
                throw new AngelException(ExitCodes.Usage, $"--require-user {required}: this would run as '{user.Login}'. Start it as '{required}', or as root with --user {required}.");
        }

        return user;
    }
}
